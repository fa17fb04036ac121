//! Extractor for JSON request bodies.

use axum::{
    Json,
    extract::{FromRequest, Request, rejection::JsonRejection},
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
        parse_fields(Json::from_request(request, state).await).map(Self)
    }
}

/// Reads a struct from an object: serde would accept an array of its fields as well. Serde quotes a wrong value, which may be
/// a secret, so errors only name its field.
pub(super) fn parse_fields<T: DeserializeOwned>(
    body: Result<Json<Map<String, Value>>, JsonRejection>,
) -> Result<T, ApiError> {
    let Json(fields) = body.map_err(|rejection| body_error(&rejection))?;
    serde_path_to_error::deserialize(Value::Object(fields)).map_err(|error| {
        let (field, cause) = (error.path().to_string(), error.inner().to_string());
        let reason = match field.as_str() {
            _ if cause.starts_with("missing field") => cause,
            "." => "a field has the wrong type".to_owned(),
            _ => format!("the field `{field}` has the wrong type or value"),
        };
        ApiError::bad_request(format!("The request body is not valid: {reason}. Correct it and send it again."))
    })
}

fn body_error(rejection: &JsonRejection) -> ApiError {
    let message = match rejection {
        JsonRejection::JsonDataError(_) => "The request body must be a JSON object.".to_owned(),
        JsonRejection::JsonSyntaxError(_) => {
            let place = rejection.body_text();
            let place = place.rsplit_once(" at ").map_or("", |(_, place)| place);
            format!("The request body is not valid JSON at {place}. Correct it and send it again.")
        }
        JsonRejection::MissingJsonContentType(_) => {
            "Send the request body as JSON, with the header `Content-Type: application/json`.".to_owned()
        }
        _ => format!("The request body could not be read: {}. Send it again.", rejection.body_text()),
    };
    ApiError::bad_body(rejection.status(), message)
}
