-- The role that the FHIR app connects as: it may read what the app serves and needs, write failed attempts to sign in, and
-- write sessions. Nothing else. What it writes needs the primary: a read replica can serve reads only.
--
--   psql -d health -v password='…' -f role.sql
--
-- Can be run again at any time, and must be after a GNU Health module was activated: new tables are not readable before.
-- One file for GNU Health 5.0 and 4.4: what a database does not have is passed over.

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'gnuhealth_fhir') THEN
    CREATE ROLE gnuhealth_fhir;
  END IF;
END $$;

ALTER ROLE gnuhealth_fhir LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';

-- What is searched here runs for milliseconds, and is wide: to compile it takes PostgreSQL longer than to run it. A page of
-- patients sorted by name takes a second instead of five.
ALTER ROLE gnuhealth_fhir SET jit = off;

DO $$
DECLARE
  -- Patterns of LIKE, underscores escaped. What a health record resource is built from:
  served text[] := ARRAY[
    'gnuhealth\_%', 'party\_%', 'country\_%', 'company\_%', 'product\_%', 'stock\_location', 'stock\_lot',
    'currency\_currency', 'ir\_attachment', 'ir\_lang', 'ir\_translation',
  -- and what the rights of a user are decided from:
    'res\_user', 'res\_group', 'res\_user-res\_group', 'res\_user-company\_%', 'res\_user-company\_employee',
    'res\_user\_application', 'res\_user\_login\_attempt', 'res\_user\_device',
    'ir\_session', 'ir\_model', 'ir\_model\_field', 'ir\_model\_access', 'ir\_model\_field\_access', 'ir\_model\_data',
    'ir\_model\_button', 'ir\_model\_button-%', 'ir\_model\_button\_rule', 'ir\_rule', 'ir\_rule\_group',
    'ir\_rule\_group-res\_group', 'ir\_module', 'ir\_module\_dependency', 'ir\_configuration', 'ir\_cache'];
  relation text;
  numbers text;
  is_identity boolean;
BEGIN
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO gnuhealth_fhir', current_database());
  GRANT USAGE ON SCHEMA public TO gnuhealth_fhir;
  -- a table that is no longer in the list must not stay readable
  REVOKE ALL ON ALL TABLES IN SCHEMA public FROM gnuhealth_fhir;
  REVOKE ALL ON SCHEMA public FROM gnuhealth_fhir;
  REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM gnuhealth_fhir;
  FOR relation IN
    SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE ANY (served)
  LOOP
    EXECUTE format('GRANT SELECT ON TABLE public.%I TO gnuhealth_fhir', relation);
  END LOOP;
  GRANT INSERT, DELETE ON public.res_user_login_attempt TO gnuhealth_fhir;
  GRANT INSERT, DELETE, UPDATE (write_date, write_uid) ON public.ir_session TO gnuhealth_fhir;
  -- the ids of both: trytond 7 makes identity columns, which need no grant, trytond 6 sequences that belong to none
  FOREACH relation IN ARRAY ARRAY['res_user_login_attempt', 'ir_session'] LOOP
    SELECT attidentity <> '' INTO is_identity FROM pg_attribute
      WHERE attrelid = format('public.%I', relation)::regclass AND attname = 'id';
    numbers := coalesce(pg_get_serial_sequence(format('public.%I', relation), 'id'), format('public.%I', relation || '_id_seq'));
    IF NOT is_identity THEN
      EXECUTE format('GRANT USAGE ON SEQUENCE %s TO gnuhealth_fhir', numbers);
    END IF;
  END LOOP;
END $$;
