//! In which language the texts are shown that Tryton translates (`translate=True`): names of diseases, tests, units.
//!
//! Such a text stands in its column as it was first written, and in `ir_translation` in other languages. What a language
//! shows is what trytond reads in it (`Translation.get_ids`, trytond/ir/translation.py): its translation, or that of the
//! language's parents, or what the column has.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::Instant;

use crate::db::{Database, Error, Sql, identifier};
use crate::tryton::access::REMEMBERED;

/// The language that the modules of Tryton are written in, and the default of its configuration.
const ENGLISH: &str = "en";

/// The languages, and the one that is configured. People choose among those whose translations are loaded
/// (`translatable`).
const STATEMENT: &str = "SELECT l.code::text, l.parent::text, coalesce(l.translatable AND l.active IS NOT FALSE, false), \
    (SELECT c.language::text FROM ir_configuration c ORDER BY c.id LIMIT 1) FROM ir_lang l";

/// A language that texts are shown in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language {
    /// The codes in Tryton of the language and its parents, the nearest first.
    codes: Vec<String>,
}

impl Language {
    /// The language tag (BCP 47).
    #[must_use]
    pub fn tag(&self) -> String {
        self.codes.first().map(|code| tag(code)).unwrap_or_default()
    }

    /// The SQL of a text in this language: of a column of the record aliased `alias`, which stands in for what is not
    /// translated. The newest of several translations counts, as where trytond searches (`FieldTranslate`,
    /// trytond/model/fields/field.py).
    ///
    /// The codes stand in the text of the statement, so that it can be planned once: they are ours, not the client's, and
    /// have no characters that mean something there ([`is_plain`]).
    #[must_use]
    pub fn text(&self, model: &str, column: &str, alias: &str) -> String {
        let translated = self.codes.iter().map(|code| {
            format!(
                "(SELECT tl.\"value\" FROM \"ir_translation\" tl WHERE tl.\"type\" = 'model' \
                 AND tl.\"name\" = '{model},{column}' AND tl.\"lang\" = '{code}' AND tl.\"res_id\" = {alias}.\"id\" \
                 AND NOT tl.\"fuzzy\" AND tl.\"value\" <> '' ORDER BY tl.\"id\" DESC LIMIT 1)"
            )
        });
        let own = format!("{alias}.{}", identifier(column));
        let alternatives: Vec<String> = translated.chain([own]).collect();
        format!("coalesce({})", alternatives.join(", "))
    }
}

/// The language tag of a code: `pt-BR` of `pt_BR`.
fn tag(code: &str) -> String {
    code.replace('_', "-")
}

/// The languages of an installation.
#[derive(Debug, Default)]
pub struct Languages {
    /// The one that is configured. What people write in it goes into the columns as well.
    configured: String,
    /// Those whose translations are loaded, by their code.
    offered: Vec<String>,
    /// The exceptional parents (`ir_lang.parent`).
    parents: HashMap<String, String>,
}

/// What a client would like: language ranges in small letters (RFC 4647), the better liked first, and those refused.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// In this order.
    pub ranges: Vec<String>,
    /// None of these.
    pub refused: HashSet<String>,
}

/// The languages, and when they were asked for.
type Loaded = (Instant, Rc<Languages>);

impl Languages {
    /// The languages of the installation, at most [`REMEMBERED`] old.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn load(database: &Database) -> Result<Rc<Self>, Error> {
        thread_local! {
            static LOADED: RefCell<Option<Loaded>> = const { RefCell::new(None) };
        }
        let known = LOADED.with_borrow(|loaded| {
            let fresh = loaded.as_ref().filter(|(at, _)| at.elapsed() < REMEMBERED);
            fresh.map(|(_, languages)| Rc::clone(languages))
        });
        if let Some(languages) = known {
            return Ok(languages);
        }
        let mut languages = Self::default();
        for row in database.rows(&Sql::new(STATEMENT, Vec::new())).await? {
            let code = row.text(0)?.filter(|code| is_plain(code));
            let Some(code) = code else { continue };
            if let Some(parent) = row.text(1)?.filter(|parent| is_plain(parent)) {
                languages.parents.insert(code.to_owned(), parent.to_owned());
            }
            if row.boolean(2)? == Some(true) {
                languages.offered.push(code.to_owned());
            }
            languages.configured = row.text(3)?.unwrap_or_default().to_owned();
        }
        languages.offered.sort();
        let languages = Rc::new(languages);
        LOADED.set(Some((Instant::now(), Rc::clone(&languages))));
        Ok(languages)
    }

    /// The language that a client likes best of those that there are; `None`: texts are shown as their columns have them.
    #[must_use]
    pub fn best(&self, wanted: &Wanted) -> Option<Language> {
        // Any is as good as the one that costs nothing.
        let ranges = wanted.ranges.iter().take_while(|range| *range != "*");
        let mut found = ranges.filter_map(|range| self.matching(range, &wanted.refused));
        self.language(found.next()?)
    }

    /// The code that a range means: of the language itself, of one that it begins, or of one that begins it (RFC 4647,
    /// sections 3.3.1 and 3.4).
    fn matching(&self, range: &str, refused: &HashSet<String>) -> Option<&str> {
        let begins = |tag: &str| tag.strip_prefix(range).is_some_and(|t| t.starts_with('-'));
        let find = |is: &dyn Fn(&str) -> bool| {
            let mut codes = [ENGLISH]
                .into_iter()
                .chain(self.offered.iter().map(String::as_str));
            codes.find(|code| {
                let tag = tag(code).to_ascii_lowercase();
                is(&tag) && !refused.contains(&tag)
            })
        };
        let lookup = || {
            let mut shorter = range;
            while let Some((rest, _)) = shorter.rsplit_once('-') {
                shorter = rest;
                if let Some(code) = find(&|tag| tag == shorter) {
                    return Some(code);
                }
            }
            None
        };
        find(&|tag| tag == range)
            .or_else(|| find(&begins))
            .or_else(lookup)
    }

    /// The language of a code. Of English nothing needs to be looked up where it is the language that is configured: what
    /// is written in that language is in the columns, and English is what was there before.
    fn language(&self, code: &str) -> Option<Language> {
        if code == ENGLISH && matches!(self.configured.as_str(), "" | ENGLISH) {
            return None;
        }
        let mut codes = vec![code.to_owned()];
        while let Some(parent) = codes.last().and_then(|code| self.parent(code)) {
            if codes.contains(&parent) {
                break;
            }
            codes.push(parent);
        }
        Some(Language { codes })
    }

    /// `get_parent_language` (trytond/ir/lang.py).
    fn parent(&self, code: &str) -> Option<String> {
        if let Some(parent) = self.parents.get(code) {
            return Some(parent.clone());
        }
        let before = ['@', '_'].iter().find_map(|mark| code.rsplit_once(*mark));
        before.map(|(parent, _)| parent.to_owned())
    }
}

/// Whether a code is one as Tryton has them, such as `es_419` or `sr@latin`: it can stand in a literal.
fn is_plain(code: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'@' | b'-' | b'.');
    !code.is_empty() && code.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn languages(configured: &str) -> Languages {
        let codes = ["de", "en", "es", "es_419", "pt_BR", "sr@latin", "zh_CN"];
        Languages {
            configured: configured.to_owned(),
            offered: codes.map(str::to_owned).to_vec(),
            parents: HashMap::from([("pt_BR".to_owned(), "es".to_owned())]),
        }
    }

    fn wanted(ranges: &[&str], refused: &[&str]) -> Wanted {
        Wanted {
            ranges: ranges.iter().map(ToString::to_string).collect(),
            refused: refused.iter().map(ToString::to_string).collect(),
        }
    }

    fn codes(ranges: &[&str], refused: &[&str]) -> Vec<String> {
        let best = languages("en").best(&wanted(ranges, refused));
        best.map(|language| language.codes).unwrap_or_default()
    }

    #[test]
    fn the_best_liked_language_that_there_is_is_chosen() {
        assert_eq!(codes(&["fr", "de", "es"], &[]), ["de"]);
        assert_eq!(codes(&["de-ch"], &[]), ["de"]);
        assert_eq!(codes(&["zh"], &[]), ["zh_CN", "zh"], "one that it begins");
        assert_eq!(codes(&["zh-tw"], &[]), [""; 0], "not another region's");
        assert_eq!(codes(&["es-ar"], &[]), ["es"]);
        assert_eq!(codes(&["fr", "nl"], &[]), [""; 0]);
        assert_eq!(codes(&[], &[]), [""; 0]);
    }

    #[test]
    fn english_and_any_are_the_columns() {
        for first in ["en", "en-us", "*"] {
            assert_eq!(codes(&[first, "de"], &[]), [""; 0], "{first}");
        }
        let found = languages("es").best(&wanted(&["en-us", "es"], &[]));
        assert_eq!(
            found.map(|language| language.codes),
            Some(vec!["en".to_owned()])
        );
    }

    #[test]
    fn what_is_refused_is_not_chosen_for_another() {
        assert_eq!(codes(&["es-ar", "de"], &["es"]), ["de"]);
        assert_eq!(codes(&["es-ar", "de"], &["es-419"]), ["es"]);
        assert_eq!(codes(&["zh", "de"], &["zh-cn"]), ["de"]);
        assert_eq!(codes(&["en-us", "de"], &["en"]), ["de"]);
    }

    #[test]
    fn translations_of_parents_stand_in_as_for_trytond() {
        assert_eq!(codes(&["es-419"], &[]), ["es_419", "es"]);
        assert_eq!(
            codes(&["pt-br"], &[]),
            ["pt_BR", "es"],
            "an exceptional parent"
        );
        let latin = languages("en").language("sr@latin");
        assert_eq!(
            latin.map(|language| language.codes),
            Some(vec!["sr@latin".to_owned(), "sr".to_owned()])
        );
        let mut circular = languages("en");
        circular.parents.insert("es".to_owned(), "pt_BR".to_owned());
        let codes = circular.language("es").map(|language| language.codes);
        assert_eq!(codes, Some(vec!["es".to_owned(), "pt_BR".to_owned()]));
    }

    #[test]
    fn a_text_is_the_newest_translation_that_is_one() {
        let language = Language {
            codes: vec!["es".to_owned()],
        };
        assert_eq!(
            language.text("a.b", "name", "t"),
            "coalesce((SELECT tl.\"value\" FROM \"ir_translation\" tl WHERE tl.\"type\" = 'model' AND tl.\"name\" = \
             'a.b,name' AND tl.\"lang\" = 'es' AND tl.\"res_id\" = t.\"id\" AND NOT tl.\"fuzzy\" AND tl.\"value\" <> '' \
             ORDER BY tl.\"id\" DESC LIMIT 1), t.\"name\")"
        );
        assert_eq!(language.tag(), "es");
    }

    #[test]
    fn a_code_that_is_none_is_not_used() {
        for code in ["", "e'", "e$1", "e s", "é"] {
            assert!(!is_plain(code), "{code}");
        }
        for code in ["en", "es_419", "sr@latin", "pt-BR"] {
            assert!(is_plain(code), "{code}");
        }
    }
}
