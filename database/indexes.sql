-- Indexes that GNU Health lacks and searches profit from. The app works without them, and never makes any itself.
--
--   psql -d health -f indexes.sql
--
-- Run it as the owner of the database, at any time: nothing is locked while an index is made (CONCURRENTLY), what there is
-- already is passed over, and what a broken run left unfinished is made anew. indexes-drop.sql removes them all.
-- README.md says what each costs and gives. One file for GNU Health 5.0 and 4.4: what a database does not have is passed over.
--
-- The first statement writes the others, \gexec runs them one by one: none of them may stand in a transaction.

WITH proposed(name, relation, columns, definition, serves) AS (VALUES
  -- Texts, as `folded` in src/search/string.rs compares them: {folded column} is replaced below.
  ('person_name_words', 'gnuhealth_person_name', '{family,given,prefix,suffix}',
   'USING gin ({folded family} gin_trgm_ops, {folded given} gin_trgm_ops, {folded prefix} gin_trgm_ops, {folded suffix} gin_trgm_ops)',
   'name, family, given of Patient and Practitioner'),
  ('party_words', 'party_party', '{lastname,name}',
   'USING gin ({folded lastname} gin_trgm_ops, {folded name} gin_trgm_ops)',
   'name, family, given of persons without names of their own'),
  ('address_words', 'party_address', '{city,postal_code}',
   'USING gin ({folded city} gin_trgm_ops, {folded postal_code} gin_trgm_ops)',
   'address-city, address-postalcode'),
  -- GNU Health 4.4
  ('address_words', 'party_address', '{city,zip}',
   'USING gin ({folded city} gin_trgm_ops, {folded zip} gin_trgm_ops)',
   'address-city, address-postalcode'),
  ('unit_words', 'gnuhealth_du', '{address_city,address_zip}',
   'USING gin ({folded address_city} gin_trgm_ops, {folded address_zip} gin_trgm_ops)',
   'address-city, address-postalcode of the domiciliary unit'),
  ('pathology_words', 'gnuhealth_pathology', '{name}',
   'USING gin ({folded name} gin_trgm_ops)',
   'Condition code:text'),
  ('analyte_words', 'gnuhealth_lab_test_critearea', '{name,gnuhealth_lab_id}',
   'USING gin ({folded name} gin_trgm_ops) WHERE gnuhealth_lab_id IS NOT NULL',
   'Observation code:text'),

  -- Identifiers. Older versions stored some with outer spaces, which are not shown and do not count: each is looked for as it
  -- is, and trimmed. Not only of those few, for PostgreSQL would have no statistics of what is trimmed and expect too many.
  ('party_ref_trimmed', 'party_party', '{ref}', 'USING btree ({trimmed ref})', 'identifier'),
  ('party_account_trimmed', 'party_party', '{federation_account}',
   'USING btree ({trimmed federation_account})', 'identifier'),
  ('alternative_code', 'gnuhealth_person_alternative_identification', '{code}', 'USING btree (code)', 'identifier'),
  ('alternative_code_trimmed', 'gnuhealth_person_alternative_identification', '{code}',
   'USING btree ({trimmed code})', 'identifier'),
  ('identifier_code_trimmed', 'party_identifier', '{code}',
   'USING btree ({trimmed code})', 'identifier'),
  ('identifier_code', 'party_identifier', '{code}', 'USING btree (code)', 'identifier'),
  ('contact_value', 'party_contact_mechanism', '{value}', 'USING btree (value)', 'telecom'),
  ('contact_value_trimmed', 'party_contact_mechanism', '{value}',
   'USING btree ({trimmed value})', 'telecom'),

  -- Persons.
  ('party_birth', 'party_party', '{dob}', 'USING btree (dob)', 'birthdate'),
  ('party_unit', 'party_party', '{du}', 'USING btree (du) WHERE du IS NOT NULL', 'addresses of the domiciliary unit'),
  ('party_insurer', 'party_party', '{is_insurance_company}',
   'USING btree (id) WHERE is_insurance_company IS TRUE', 'Organization: insurance companies among all the persons'),
  ('party_pharmacy', 'party_party', '{is_pharmacy}',
   'USING btree (id) WHERE is_pharmacy IS TRUE', 'Organization: pharmacies among all the persons'),
  ('patient_doctor', 'gnuhealth_patient', '{primary_care_doctor,id}',
   'USING btree (primary_care_doctor, id)', 'general-practitioner and chains through it, the compartment of a Practitioner'),

  -- Laboratory results.
  ('report_patient', 'gnuhealth_lab', '{patient}', 'USING btree (patient)',
   'patient and subject of Observation, _has, _revinclude, the compartment of a Patient'),
  ('report_moment', 'gnuhealth_lab', '{date_analysis,date_requested}',
   'USING btree ((coalesce(date_analysis, date_requested)))', 'Observation date'),
  ('report_pathologist', 'gnuhealth_lab', '{pathologist}',
   'USING btree (pathologist) WHERE pathologist IS NOT NULL', 'Observation performer'),
  ('report_done_by', 'gnuhealth_lab', '{done_by}',
   'USING btree (done_by) WHERE done_by IS NOT NULL', 'Observation performer'),
  ('report_validated_by', 'gnuhealth_lab', '{validated_by}',
   'USING btree (validated_by) WHERE validated_by IS NOT NULL', 'Observation performer'),
  ('result_code', 'gnuhealth_lab_test_critearea', '{code,id,gnuhealth_lab_id}',
   'USING btree (code, id) WHERE gnuhealth_lab_id IS NOT NULL', 'Observation code and all combinations with it'),

  -- What evaluations measured.
  ('evaluation_patient', 'gnuhealth_patient_evaluation', '{patient,id}', 'USING btree (patient, id)',
   'patient and subject of Observation, _has, _revinclude, the compartment of a Patient'),
  ('evaluation_moment', 'gnuhealth_patient_evaluation', '{evaluation_start}',
   'USING btree (evaluation_start)', 'Observation date'),
  ('evaluation_professional', 'gnuhealth_patient_evaluation', '{healthprof}',
   'USING btree (healthprof)', 'Observation performer'),
  ('evaluation_signer', 'gnuhealth_patient_evaluation', '{signed_by}',
   'USING btree (signed_by) WHERE signed_by IS NOT NULL', 'Observation performer'),

  -- Problems.
  ('disease_pathology', 'gnuhealth_patient_disease', '{pathology,id}',
   'USING btree (pathology, id)', 'Condition code, code:below, code:text'),
  ('disease_onset', 'gnuhealth_patient_disease', '{diagnosed_date}',
   'USING btree (diagnosed_date)', 'Condition onset-date'),
  ('disease_professional', 'gnuhealth_patient_disease', '{healthprof}',
   'USING btree (healthprof) WHERE healthprof IS NOT NULL', 'Condition asserter'),

  -- Prescriptions.
  ('prescription_patient', 'gnuhealth_prescription_order', '{patient}', 'USING btree (patient)',
   'patient and subject of MedicationRequest, _has, _revinclude, the compartment of a Patient')
), possible AS (
  SELECT 'gnuhealth_fhir_' || name AS name, relation, serves,
    regexp_replace(regexp_replace(definition,
      '\{folded (\w+)\}', E'normalize(regexp_replace(normalize(lower('' '' || "\\1"), NFD), ''[\\\\u0300-\\\\u036f]'', '''', ''g''), NFC)', 'g'),
      '\{trimmed (\w+)\}', E'btrim("\\1", E'' \\\\t\\\\n\\\\r'')', 'g') AS definition
  FROM proposed
  WHERE NOT EXISTS (
      SELECT FROM unnest(columns::text[]) wanted
      WHERE NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = to_regclass('public.' || quote_ident(relation)) AND attname = wanted AND NOT attisdropped))
    AND (definition NOT LIKE '%gin_trgm_ops%' OR EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm'))
), steps(step, statement) AS (
  SELECT 1, 'CREATE EXTENSION IF NOT EXISTS pg_trgm' FROM pg_available_extensions WHERE name = 'pg_trgm'
  UNION ALL
  SELECT 2, format('DROP INDEX CONCURRENTLY IF EXISTS %s', indexrelid::regclass)
  FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
  WHERE NOT indisvalid AND relname LIKE 'gnuhealth\_fhir\_%'
  UNION ALL
  SELECT 3, format('CREATE INDEX CONCURRENTLY IF NOT EXISTS %I ON public.%I %s', name, relation, definition) FROM possible
  UNION ALL
  SELECT 4, format('COMMENT ON INDEX public.%I IS %L', name, serves) FROM possible
  UNION ALL
  -- PostgreSQL learns from it how many rows a text matches.
  SELECT DISTINCT 5, format('ANALYZE public.%I', relation) FROM possible
)
SELECT statement FROM steps ORDER BY step, statement
\gexec
