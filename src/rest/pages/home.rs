//! `/auth/home`: who one is, what one may read, and the way there.

use std::rc::Rc;

use askama::Template;
use http::{Response, StatusCode};

use super::account::Account;
use super::visit::Visit;
use super::{logout, page};
use crate::resource;
use crate::rest::error::Error;
use crate::tryton::access::Rights;
use crate::tryton::catalog::Catalog;
use crate::tryton::model::Trees;
use crate::tryton::profile::Profile;
use crate::tryton::view::View;

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
    let roots: Vec<_> = resource::ALL
        .iter()
        .flat_map(|served| served.roots())
        .collect();
    let trees = Trees {
        name: "all",
        roots: &roots,
    };
    let sources = resource::ALL.iter().flat_map(|served| served.sources);
    let models = sources.flat_map(|source| source.demanded().map(|node| node.model));
    let rights =
        Rights::without_rules(&database, account.principal().user, &models.collect()).await?;
    let view = View::new(Catalog::load(&database, trees).await?, Rc::new(rights));
    let mut served = Vec::new();
    for declaration in resource::ALL {
        let hidden = declaration.readable(&view).err();
        served.push(Served {
            name: declaration.name,
            closed: hidden.map(|hidden| hidden.to_string()),
        });
    }
    Ok(served)
}
