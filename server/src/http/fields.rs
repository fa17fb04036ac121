//! Bodies of requests: a JSON object with the fields that the endpoint knows.

use axum::{
    Json,
    extract::{FromRequest, Request},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{ApiError, App};

/// An extractor for a JSON object. What the endpoint does not know in it is ignored: only what its type names is set.
///
/// It wants `Content-Type: application/json`, which no form of another site can send without asking first (Fetch
/// standard, CORS-safelisted request headers).
pub(super) struct Fields<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<App> for Fields<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &App) -> Result<Self, ApiError> {
        // Through an object: serde would take a list of fields as well.
        let body = Json::<Map<String, Value>>::from_request(request, app).await;
        let Json(fields) = body.map_err(|error| ApiError::bad_body(error.status(), error.body_text()))?;
        // What serde says of a wrong value quotes it, and it may be a secret: the fields that there are must do.
        serde_json::from_value(fields.into())
            .map(Self)
            .map_err(|error| ApiError::bad_request(format!("The body is not right: {}", without_values(&error))))
    }
}

/// The reason, without what was sent.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.starts_with("missing field") { text } else { "a field has a value of another kind than it takes".into() }
}
