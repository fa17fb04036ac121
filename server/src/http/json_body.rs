//! Extractor for JSON request bodies.

use axum::{
    Json,
    extract::{FromRequest, Request},
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{ApiError, AppState};

/// A JSON object. Unknown fields are ignored.
///
/// Requires `Content-Type: application/json`, which a form of another site cannot send without a preflight request (Fetch
/// standard, CORS-safelisted request headers).
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let body = Json::<Map<String, Value>>::from_request(request, state).await;
        let Json(fields) = body.map_err(|error| ApiError::bad_body(error.status(), error.body_text()))?;
        parse_fields(fields).map(Self)
    }
}

/// Reads a struct from an object: serde would accept an array of its fields as well.
pub(super) fn parse_fields<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<T, ApiError> {
    // Serde quotes a wrong value, which may be a secret, so only messages about missing fields are passed on.
    serde_json::from_value(fields.into()).map_err(|error| {
        let text = error.to_string();
        let reason = if text.starts_with("missing field") { text } else { "a field has the wrong type".into() };
        ApiError::bad_request(format!("The request body is not valid: {reason}."))
    })
}
