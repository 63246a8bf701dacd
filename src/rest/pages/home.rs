//! `/auth/home`: who one is, what one may read, and the way there.

use askama::Template;
use http::{Response, StatusCode};

use super::account::Account;
use super::visit::Visit;
use super::{logout, page};
use crate::resource;
use crate::rest::error::Error;
use crate::tryton::access::Rights;
use crate::tryton::catalog::Catalog;
use crate::tryton::profile::Profile;
use crate::tryton::view::Hidden;

/// A resource type that is served.
struct Served {
    name: &'static str,
    /// Why the user may not read it, if so.
    closed: Option<String>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Page<'a> {
    prefix: &'a str,
    profile: &'a Profile,
    served: &'a [Served],
    token: Option<&'a str>,
}

/// The page.
pub(super) async fn show(
    visit: &Visit<'_>,
    account: Option<&Account>,
) -> Result<Response<String>, Error> {
    let Some(account) = account else {
        if visit.wants_html() {
            return page::see_other(&format!("{}/auth/login", visit.prefix()));
        }
        return Err(Error::Unauthenticated);
    };
    let token = logout::token(visit, account);
    let page = Page {
        prefix: &visit.prefix(),
        profile: &account.profile(visit).await?,
        served: &served(visit, account).await?,
        token: token.as_deref(),
    };
    page::html(StatusCode::OK, &page)
}

async fn served(visit: &Visit<'_>, account: &Account) -> Result<Vec<Served>, Error> {
    let database = visit.database();
    let models = resource::ALL.iter().map(|served| served.root.model);
    let rights =
        Rights::without_rules(&database, account.principal().user, &models.collect()).await?;
    let mut served = Vec::new();
    for declaration in resource::ALL {
        let model = declaration.root.model;
        let catalog = Catalog::load(&database, declaration.root).await?;
        let hidden = if !catalog.has_table(&declaration.root.table()) {
            Some(Hidden::Missing(model.to_owned()))
        } else if !rights.may_read(model) {
            Some(Hidden::Denied(model.to_owned()))
        } else {
            None
        };
        served.push(Served {
            name: declaration.name,
            closed: hidden.map(|hidden| hidden.to_string()),
        });
    }
    Ok(served)
}
