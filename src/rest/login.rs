//! The component `login`: all under `/auth/`.
//!
//! | path | method | |
//! |---|---|---|
//! | `/auth/token` | POST | a token for a user name and password |
//! | `/auth/revoke` | POST | ends a token |
//! | `/auth/verify` | POST | verifies a password for other components of the app; for strangers it is not there |
//! | all else | | [`pages`]: what is meant for people |

use spin_sdk::http::Request;

use crate::config::Settings;

use super::context::{Account, Context};
use super::negotiation::Format;
use super::representation::Reply;
use super::{body, cors, pages, token, verification};

/// The largest form that is read, in bytes.
const LARGEST_FORM: usize = 8 << 10;

/// The largest question of another component that is read, in bytes: a login and a password, every character escaped.
const LARGEST_QUESTION: usize = 128 << 10;

/// Serves the component `login`.
pub async fn serve(request: Request) -> Reply {
    let (interaction, most) = match request.uri().path().trim_matches('/') {
        "auth/verify" => ("verify", LARGEST_QUESTION),
        "auth/token" => ("token", LARGEST_FORM),
        "auth/revoke" => ("revoke", LARGEST_FORM),
        _ => return pages::serve(request).await,
    };
    let (request, body) = request.into_parts();
    let context = Context::new(&request.headers);
    let result = async {
        let settings = Settings::load().await?;
        if cors::is_preflight(&request) && interaction != "verify" {
            return Ok(cors::preflight());
        }
        let body = body::read(body, most).await?;
        match interaction {
            "verify" => verification::answer(&settings, &request.headers, &body).await,
            "token" => token::grant(&settings, &request, &body).await,
            _ => token::revoke(&settings, &request, &body).await,
        }
    };
    let account = Account {
        interaction,
        ..Account::default()
    };
    context
        .conclude(result.await, Format::default(), account)
        .await
}
