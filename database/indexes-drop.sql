-- Removes what indexes.sql made, without locking: psql -d health -f indexes-drop.sql
-- The extension pg_trgm stays, others may use it: DROP EXTENSION pg_trgm removes it.

SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %s', indexrelid::regclass)
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relname LIKE 'gnuhealth\_fhir\_%'
ORDER BY 1
\gexec
