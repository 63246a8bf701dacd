//! The component `login`: all under `/auth/`.
//!
//! | path | method | |
//! |---|---|---|
//! | `/auth/token` | POST | a token for a user name and password |
//! | `/auth/revoke` | POST | ends a token |
//! | `/auth/verify` | POST | verifies a password for other components of the app; for strangers it is not there |

use http::Response;
use spin_sdk::http::Request;

use crate::config::Settings;

use super::context::{Account, Context};
use super::error::Error;
use super::negotiation::Format;
use super::{body, token, verification};

/// The largest form that is read, in bytes.
const LARGEST_FORM: usize = 8 << 10;

/// The largest question of another component that is read, in bytes: a login and a password, every character escaped.
const LARGEST_QUESTION: usize = 128 << 10;

/// Serves the component `login`.
pub async fn serve(request: Request) -> Response<String> {
    let (request, body) = request.into_parts();
    let context = Context::new(&request.headers);
    let path = request.uri.path().trim_matches('/').to_owned();
    let (interaction, most) = match path.as_str() {
        "auth/verify" => ("verify", LARGEST_QUESTION),
        "auth/token" => ("token", LARGEST_FORM),
        "auth/revoke" => ("revoke", LARGEST_FORM),
        _ => ("unknown", LARGEST_FORM),
    };
    let result = async {
        let settings = Settings::load().await?;
        let body = body::read(body, most).await?;
        match interaction {
            "verify" => verification::answer(&settings, &request.headers, &body).await,
            "token" => token::grant(&settings, &request, &body).await,
            "revoke" => token::revoke(&settings, &request, &body).await,
            _ => Err(Error::NoRoute(
                "nothing is served under this path".to_owned(),
            )),
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
