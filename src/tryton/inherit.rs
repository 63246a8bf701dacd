//! Models whose rights are decided together with those of the records that they belong to: trytond's
//! `Model.__access__`. It stands in the code of Tryton's modules, not in the database; so it stands here too, for the
//! models that health records are built from. A test compares it with trytond's.

/// A model, and the many2one fields through which it inherits: each with its target.
type Inheritance = (&'static str, &'static [(&'static str, &'static str)]);

const INHERITANCE: &[Inheritance] = &[
    (
        "country.organization.member",
        &[("organization", "country.organization")],
    ),
    (
        "currency.currency.rate",
        &[("currency", "currency.currency")],
    ),
    (
        "product.category-customer-account.tax",
        &[("tax", "account.tax")],
    ),
    (
        "product.category-supplier-account.tax",
        &[("tax", "account.tax")],
    ),
    ("product.identifier", &[("product", "product.product")]),
    ("product.product", &[("template", "product.template")]),
    ("stock.inventory.line", &[("inventory", "stock.inventory")]),
];

/// A model whose rights count for another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ancestor {
    /// The model.
    pub model: String,
    /// The dotted path of many2one fields that leads to it; empty for the model itself.
    pub path: String,
}

/// The models whose rights count for `model`, itself first, each once (`_get_access_models`, trytond/ir/rule.py).
#[must_use]
pub fn ancestors(model: &str) -> Vec<Ancestor> {
    let mut found = vec![Ancestor {
        model: model.to_owned(),
        path: String::new(),
    }];
    follow(model, "", &mut found);
    found
}

fn follow(model: &str, path: &str, found: &mut Vec<Ancestor>) {
    for (field, target) in parents(model) {
        if found.iter().any(|ancestor| ancestor.model == *target) {
            continue;
        }
        let path = if path.is_empty() {
            (*field).to_owned()
        } else {
            format!("{path}.{field}")
        };
        found.push(Ancestor {
            model: (*target).to_owned(),
            path: path.clone(),
        });
        follow(target, &path, found);
    }
}

/// The fields through which a model inherits rights, with their targets.
#[must_use]
pub fn parents(model: &str) -> &'static [(&'static str, &'static str)] {
    INHERITANCE
        .iter()
        .find(|(name, _)| *name == model)
        .map_or(&[], |(_, parents)| parents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ancestors_are_followed_to_the_last_with_their_paths() {
        let paths = |model| {
            ancestors(model)
                .into_iter()
                .map(|ancestor| (ancestor.model, ancestor.path))
                .collect::<Vec<_>>()
        };
        let pair = |model: &str, path: &str| (model.to_owned(), path.to_owned());
        assert_eq!(
            paths("product.identifier"),
            [
                pair("product.identifier", ""),
                pair("product.product", "product"),
                pair("product.template", "product.template"),
            ]
        );
        assert_eq!(paths("party.party"), [pair("party.party", "")]);
    }
}
