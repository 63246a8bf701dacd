//! What may stand in the `div` of a narrative (R4, narrative, section "XHTML"; invariants `txt-1` and `txt-2`).

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// The namespace of XHTML.
pub(super) const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// The elements that a narrative may have: of XHTML those that format text, tables, lists, links and images.
const ELEMENTS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "address",
    "b",
    "big",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "ul",
    "var",
];

/// How many attributes of an element are looked at.
const MOST_ATTRIBUTES: usize = 64;

/// Checks the text of a `div`.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    let ill_formed = "the narrative is not well-formed XHTML";
    let mut reader = Reader::from_str(text);
    let (mut depth, mut has_root, mut has_content) = (0_usize, false, false);
    loop {
        let event = reader.read_event().map_err(|_| ill_formed)?;
        let is_start = matches!(event, Event::Start(_));
        match event {
            Event::Start(element) | Event::Empty(element) => {
                if depth == 0 {
                    root(&element, has_root)?;
                    has_root = true;
                }
                has_content |= check_element(&element)?;
                depth += usize::from(is_start);
            }
            Event::End(_) => depth = depth.checked_sub(1).ok_or(ill_formed)?,
            Event::Text(text) => {
                let is_blank = text.trim().is_empty();
                has_content |= !is_blank;
                if depth == 0 && !is_blank {
                    return Err(ill_formed);
                }
            }
            Event::CData(_) | Event::GeneralRef(_) if depth > 0 => has_content = true,
            Event::Comment(_) => {}
            Event::Eof if depth > 0 || !has_root => return Err(ill_formed),
            Event::Eof if !has_content => {
                return Err("txt-2: the narrative must have text or an image");
            }
            Event::Eof => return Ok(()),
            _ => return Err(ill_formed),
        }
    }
}

fn root(element: &BytesStart<'_>, has_root: bool) -> Result<(), &'static str> {
    let invalid = "the narrative must be one div element";
    if has_root || element.local_name().into_inner() != "div" {
        return Err(invalid);
    }
    // A prefix may have been bound outside of what is seen here.
    if element.name().prefix().is_some() {
        return Ok(());
    }
    let namespace = element.try_get_attribute("xmlns").map_err(|_| invalid)?;
    let namespace =
        namespace.and_then(|value| value.normalized_value(XmlVersion::Implicit1_0).ok());
    if namespace.as_deref() != Some(XHTML) {
        return Err(
            "the div of the narrative must have the namespace http://www.w3.org/1999/xhtml",
        );
    }
    Ok(())
}

/// Checks an element; true if it is content by itself.
fn check_element(element: &BytesStart<'_>) -> Result<bool, &'static str> {
    let name = element.local_name();
    if !ELEMENTS.contains(&name.as_ref()) {
        return Err("txt-1: the narrative has an element that it may not have");
    }
    let mut attributes = element.attributes();
    attributes.with_checks(false);
    for (place, attribute) in attributes.enumerate() {
        let attribute = attribute.map_err(|_| "the narrative is not well-formed XHTML")?;
        let name = attribute.key.local_name();
        // onclick and its kin
        let is_event = name.as_ref().get(..2) == Some("on");
        if is_event || place == MOST_ATTRIBUTES {
            return Err("txt-1: the narrative has an attribute that it may not have");
        }
    }
    Ok(name.as_ref() == "img")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrative_is_a_div_with_content_and_nothing_that_acts() {
        let div = |content: &str| format!("<div xmlns=\"{XHTML}\">{content}</div>");
        for content in [
            "a",
            "<p>a &amp; b</p><br/>",
            "<img src=\"#a\"/>",
            "<table><tbody><tr><td colspan=\"2\">x</td></tr></tbody></table>",
            "<!-- c -->&#233;",
        ] {
            assert_eq!(check(&div(content)), Ok(()), "{content}");
        }
        assert_eq!(
            check(&format!("<h:div xmlns:h=\"{XHTML}\"><h:p>x</h:p></h:div>")),
            Ok(())
        );
        for text in [
            "text".to_owned(),
            String::new(),
            "<div>x</div>".to_owned(),
            "<p xmlns=\"http://www.w3.org/1999/xhtml\">x</p>".to_owned(),
            div(""),
            div(" <p> </p>"),
            div("<p>x"),
            div("<script>x</script>"),
            div("<form>x</form>"),
            div("<p onclick=\"x\">x</p>"),
            div("<iframe/>x"),
            format!("{}{}", div("x"), div("y")),
            format!("{}x", div("x")),
            format!("<!DOCTYPE div>{}", div("x")),
        ] {
            assert!(check(&text).is_err(), "{text}");
        }
    }
}
