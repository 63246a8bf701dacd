//! A statement with its values in place of `$1`…, so that it needs nothing beside its text.
//!
//! The text is good for a script of pgbench too, which takes `:word` for a variable wherever it stands, in quotes as well
//! (`parseQuery` in pgbench.c): a colon is written as an escape in a value, and with a space behind it elsewhere. `::` pgbench
//! passes over.

use anyhow::{Context, Result, bail};

use super::Statement;

/// The statement with its values in place: of an `EXECUTE`, what its `PREPARE` prepares.
pub(super) fn in_place(statement: &Statement) -> Result<String> {
    let Some(prepare) = &statement.prepare else {
        return filled(&statement.text, &statement.parameters);
    };
    let (_, body) = prepare.split_once(" AS ").context("a PREPARE without AS")?;
    filled(body, &arguments(&statement.text)?)
}

/// The arguments of an `EXECUTE`. The app executes with integers and arrays of them only.
fn arguments(execute: &str) -> Result<Vec<Option<String>>> {
    let Some((_, list)) = execute.split_once('(') else {
        return Ok(Vec::new());
    };
    let list = list
        .strip_suffix(')')
        .context("an EXECUTE without an end")?;
    let values = list.split(", ").map(|argument| {
        let array = argument
            .strip_prefix("'{")
            .and_then(|rest| rest.strip_suffix("}'"));
        let mut numbers = array.map_or_else(|| vec![argument], |array| array.split(',').collect());
        numbers.retain(|number| !number.is_empty());
        if numbers.iter().any(|number| number.parse::<i64>().is_err()) {
            bail!("an argument of EXECUTE is no integer and no array of them");
        }
        Ok(Some(argument.trim_matches('\'').to_owned()))
    });
    values.collect()
}

/// The text of a statement with these values in it.
fn filled(text: &str, values: &[Option<String>]) -> Result<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['\'', '"', '$', ':', '-', '/']) {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        rest = match from.as_bytes() {
            [b'\'', ..] => push_literal(&mut filled, from)?,
            [b'"', ..] => push_identifier(&mut filled, from)?,
            [b'$', ..] => push_value(&mut filled, from, values)?,
            [b':', b':', ..] => push(&mut filled, from, "::", "::"),
            [b':', ..] => push(&mut filled, from, ":", ": "),
            [b'-', b'-', ..] | [b'/', b'*', ..] => bail!("a statement with a comment"),
            [b'-', ..] => push(&mut filled, from, "-", "-"),
            _ => push(&mut filled, from, "/", "/"),
        };
    }
    filled.push_str(rest);
    Ok(filled)
}

/// Writes `instead` for the beginning of a text, and gives the rest.
fn push<'t>(filled: &mut String, from: &'t str, beginning: &str, instead: &str) -> &'t str {
    filled.push_str(instead);
    from.strip_prefix(beginning).unwrap_or_default()
}

/// A literal of the text. Of the kinds that there are the app uses the plain one and `E'…'`.
fn push_literal<'t>(filled: &mut String, from: &'t str) -> Result<&'t str> {
    let is_in_word = |c: char| c == '&' || c == '_' || c.is_alphanumeric();
    if let Some(before) = filled.strip_suffix('E')
        && !before.ends_with(is_in_word)
    {
        return push_escaped(filled, from);
    }
    if filled.ends_with(is_in_word) {
        bail!("a literal of a kind of its own");
    }
    let (inside, rest) = between(from, '\'')?;
    filled.push_str(&literal(&inside.replace("''", "'")));
    Ok(rest)
}

/// What follows the `E` of a literal, as it stands.
fn push_escaped<'t>(filled: &mut String, from: &'t str) -> Result<&'t str> {
    let (inside, rest) = between(from, '\'')?;
    if inside.contains(':') || inside.contains("\\'") || inside.ends_with('\\') {
        bail!("a literal with escapes and a colon, or a quote that is escaped");
    }
    filled.push_str(&format!("'{inside}'"));
    Ok(rest)
}

fn push_identifier<'t>(filled: &mut String, from: &'t str) -> Result<&'t str> {
    let (inside, rest) = between(from, '"')?;
    if inside.contains(':') {
        bail!("a name with a colon");
    }
    filled.push_str(&format!("\"{inside}\""));
    Ok(rest)
}

/// The value of `$1`…
fn push_value<'t>(
    filled: &mut String,
    from: &'t str,
    values: &[Option<String>],
) -> Result<&'t str> {
    let from = from.strip_prefix('$').unwrap_or_default();
    let end = from
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(from.len());
    let (number, rest) = from.split_at(end);
    let number: usize = number.parse().context("a dollar without a number")?;
    let value = number.checked_sub(1).and_then(|index| values.get(index));
    let value = value.with_context(|| format!("${number} has no value"))?;
    match value {
        Some(value) => filled.push_str(&literal(value)),
        None => filled.push_str("NULL"),
    }
    Ok(rest)
}

/// What stands between the first quote of a text and the one that ends it, quotes within doubled; and the rest.
fn between(from: &str, quote: char) -> Result<(&str, &str)> {
    let text = from.strip_prefix(quote).unwrap_or_default();
    let mut end = 0;
    loop {
        let rest = text.get(end..).unwrap_or_default();
        end += rest.find(quote).context("a quote without an end")?;
        let after = text.get(end + 1..).unwrap_or_default();
        if !after.starts_with(quote) {
            return Ok((text.get(..end).unwrap_or_default(), after));
        }
        end += 2;
    }
}

/// A value as a literal, without colons and line ends.
fn literal(value: &str) -> String {
    let doubled = value.replace('\'', "''");
    if !value.contains(['\\', ':', '\n', '\r']) {
        return format!("'{doubled}'");
    }
    let escaped = doubled.replace('\\', "\\\\").replace(':', "\\072");
    let escaped = escaped.replace('\n', "\\n").replace('\r', "\\r");
    // The space keeps the E apart from a word before it.
    format!(" E'{escaped}'")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(prepare: Option<&str>, text: &str, values: &[Option<&str>]) -> Statement {
        Statement {
            prepare: prepare.map(str::to_owned),
            text: text.to_owned(),
            parameters: values
                .iter()
                .map(|value| value.map(str::to_owned))
                .collect(),
        }
    }

    #[test]
    fn values_stand_where_their_numbers_were() {
        let text = "SELECT $2::text, 'costs $1', \"a$1\", $1::bigint - 1 FROM t WHERE b = ANY($3::text[]) AND c = $2::text";
        let statement = statement(None, text, &[Some("-7"), Some("it's"), None]);
        assert_eq!(
            in_place(&statement).unwrap(),
            "SELECT 'it''s'::text, 'costs $1', \"a$1\", '-7'::bigint - 1 FROM t WHERE b = ANY(NULL::text[]) \
             AND c = 'it''s'::text"
        );
    }

    #[test]
    fn a_number_of_two_digits_is_one_number() {
        let values: Vec<String> = (1..=12).map(|number| format!("v{number}")).collect();
        let values: Vec<Option<&str>> = values.iter().map(|value| Some(value.as_str())).collect();
        let statement = statement(None, "$12,$1", &values);
        assert_eq!(in_place(&statement).unwrap(), "'v12','v1'");
    }

    #[test]
    fn of_an_execution_it_is_what_was_prepared() {
        let prepare = "PREPARE p(bigint, bigint) AS SELECT $1::bigint AS a, $2::bigint AS b";
        let execution = statement(Some(prepare), "EXECUTE p(7, -1)", &[]);
        assert_eq!(
            in_place(&execution).unwrap(),
            "SELECT '7'::bigint AS a, '-1'::bigint AS b"
        );
        let array = statement(
            Some("PREPARE p(bigint[], bigint) AS SELECT $1::bigint[], $2"),
            "EXECUTE p('{7,-8}', 9)",
            &[],
        );
        assert_eq!(
            in_place(&array).ok().as_deref(),
            Some("SELECT '{7,-8}'::bigint[], '9'")
        );
        let bare = statement(Some("PREPARE p AS SELECT 1"), "EXECUTE p", &[]);
        assert_eq!(in_place(&bare).unwrap(), "SELECT 1");
    }

    #[test]
    fn pgbench_finds_no_variables() {
        let text = "SELECT to_char(t, 'HH24:MI'), a[1:2], $1::text, ' ::x'";
        let statement = statement(None, text, &[Some("12:30 \\ 'x'\n:y")]);
        assert_eq!(
            in_place(&statement).unwrap(),
            "SELECT to_char(t,  E'HH24\\072MI'), a[1: 2],  E'12\\07230 \\\\ ''x''\\n\\072y'::text,  E' \\072\\072x'"
        );
    }

    #[test]
    fn a_literal_with_escapes_stays_as_it_is() {
        let text = "SELECT strpos(x, E' \\t\\n''\\r') = $1::bigint";
        let statement = statement(None, text, &[Some("0")]);
        let expected = "SELECT strpos(x, E' \\t\\n''\\r') = '0'::bigint";
        assert_eq!(in_place(&statement).unwrap(), expected);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            "SELECT E':x'",
            "SELECT E'\\''",
            "SELECT E'x\\'y'",
            "SELECT U&'x'",
            "SELECT NAME'x'",
            "SELECT $$x$$",
            "SELECT 1 -- one",
            "SELECT /* one */ 1",
            "SELECT 'x",
            "SELECT \"a:b\"",
            "SELECT $2",
            "SELECT $0",
        ] {
            let statement = statement(None, text, &[Some("x")]);
            assert!(in_place(&statement).is_err(), "{text}");
        }
        let prepare = Some("PREPARE p(text) AS SELECT $1");
        assert!(in_place(&statement(prepare, "EXECUTE p('x')", &[])).is_err());
    }
}
