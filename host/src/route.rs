//! Which trigger serves a path.
//!
//! `/a` matches exactly, `/a/...` also everything below it, `/:name` one segment. If several match,
//! Spin takes the most specific one, by the rules of the `routefinder` crate; so does this host.

use anyhow::{Result, anyhow};
use routefinder::Router;

/// All public routes of the app; `T` is what serves them.
#[derive(Debug)]
pub(crate) struct Routes<T>(Router<Entry<T>>);

#[derive(Debug)]
struct Entry<T> {
    raw: String,
    target: T,
}

/// What the guest is told about the route that matched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RouteMatch {
    /// The route as the manifest has it.
    pub(crate) raw: String,
    /// The part of the path that `...` stands for.
    pub(crate) trailing: String,
    /// The segments that `:name` stands for.
    pub(crate) named: Vec<(String, String)>,
}

impl RouteMatch {
    /// The match of a chained request, which names its component itself and may have any path.
    pub(crate) fn chained(path: &str) -> Self {
        Self {
            raw: "/...".to_owned(),
            trailing: path.to_owned(),
            named: Vec::new(),
        }
    }

    /// The route without its wildcard.
    pub(crate) fn prefix(&self) -> &str {
        self.raw.strip_suffix("/...").unwrap_or(&self.raw)
    }

    /// The route, with a slash in front in any case.
    pub(crate) fn based(&self) -> String {
        let route = self.raw.strip_suffix('/').unwrap_or(&self.raw);
        if route.starts_with('/') || route.is_empty() {
            route.to_owned()
        } else {
            format!("/{route}")
        }
    }
}

impl<T> Routes<T> {
    /// Of two equal routes the later one counts, as on Spin.
    pub(crate) fn new(routes: impl IntoIterator<Item = (String, T)>) -> Result<Self> {
        let mut unique: Vec<Entry<T>> = Vec::new();
        for (raw, target) in routes {
            if let Some(earlier) = unique.iter_mut().find(|entry| entry.raw == raw) {
                eprintln!("warning: route {raw} is given twice; the later one counts");
                earlier.target = target;
            } else {
                unique.push(Entry { raw, target });
            }
        }
        let mut router = Router::new();
        for entry in unique {
            let path = entry.raw.trim_start_matches('/');
            let spec = match path.strip_suffix("...") {
                Some(prefix) if prefix.is_empty() || prefix.ends_with('/') => format!("/{prefix}*"),
                _ => format!("/{}", path.strip_suffix('/').unwrap_or(path)),
            };
            router
                .add(spec, entry)
                .map_err(|error| anyhow!("invalid route: {error}"))?;
        }
        Ok(Self(router))
    }

    /// The best match for `path`.
    pub(crate) fn find(&self, path: &str) -> Option<(&T, RouteMatch)> {
        let found = self.0.best_match(path)?;
        let captures = found.captures();
        // The router drops slashes at both ends of what `...` matched; guests see them.
        let trailing = match captures.wildcard() {
            None => String::new(),
            Some("") if path.ends_with('/') => "/".to_owned(),
            Some("") => String::new(),
            Some(rest) if path.ends_with('/') => format!("/{rest}/"),
            Some(rest) => format!("/{rest}"),
        };
        let route_match = RouteMatch {
            raw: found.handler().raw.clone(),
            trailing,
            named: captures
                .iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        };
        Some((&found.handler().target, route_match))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(routes: &[&str], path: &str) -> Option<(String, String)> {
        let routes = Routes::new(routes.iter().map(|r| ((*r).to_owned(), ()))).unwrap();
        routes.find(path).map(|(&(), m)| (m.raw, m.trailing))
    }

    #[test]
    fn the_most_specific_route_wins() {
        let routes = [
            "/...",
            "/Patient/...",
            "/Patient/:id/special",
            "/Patient/$export",
            "/metadata",
            "/",
        ];
        for (path, expected) in [
            ("/", "/"),
            ("/metadata", "/metadata"),
            ("/metadata/x", "/..."),
            ("/Patient", "/Patient/..."),
            ("/Patient/1", "/Patient/..."),
            ("/Patient/1/special", "/Patient/:id/special"),
            ("/Patient/$export", "/Patient/$export"),
            ("/Patients", "/..."),
        ] {
            assert_eq!(found(&routes, path).unwrap().0, expected, "{path}");
        }
    }

    #[test]
    fn the_trailing_part_keeps_its_slashes() {
        for (path, trailing) in [("/a", ""), ("/a/", "/"), ("/a/b", "/b"), ("/a/b/", "/b/")] {
            assert_eq!(found(&["/a/..."], path).unwrap().1, trailing, "{path}");
        }
        assert_eq!(found(&["/a"], "/b"), None);
    }

    #[test]
    fn segments_are_captured_by_name() {
        let routes = Routes::new([("/:type/:id".to_owned(), ())]).unwrap();
        let (&(), found) = routes.find("/Patient/7").unwrap();
        assert_eq!(
            found.named,
            [("type".into(), "Patient".into()), ("id".into(), "7".into())]
        );
        assert_eq!(found.prefix(), "/:type/:id");
    }

    #[test]
    fn a_later_equal_route_replaces_the_earlier() {
        let routes = Routes::new([("/a".to_owned(), 1), ("/a".to_owned(), 2)]).unwrap();
        assert_eq!(routes.find("/a").unwrap().0, &2);
    }
}
