//! Extractors for path parameters, queries and forms. axum's own answer with plain text; these answer with [`ApiError`].

// Here alone are these types wrapped.
#![allow(clippy::disallowed_types)]

use std::error::Error;

use axum::{
    Form,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::FormRejection},
    http::{StatusCode, request::Parts},
};
use parlor_protocol::error_code;
use serde::de::DeserializeOwned;

use super::{ApiError, AppState};

/// Path parameters. One that is no id names nothing: 404.
pub(crate) struct PathParams<T>(pub(crate) T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for PathParams<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        let params = <Path<T> as FromRequestParts<AppState>>::from_request_parts(parts, app).await;
        params.map(|Path(params)| Self(params)).map_err(|_| {
            let message =
                "There is nothing at this address: an id in its path is not valid. Use ids as the API returns them.";
            ApiError::new(StatusCode::NOT_FOUND, error_code::NOT_FOUND, message)
        })
    }
}

/// The parameters of the query. Unknown ones are ignored.
pub(crate) struct QueryParams<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for QueryParams<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, ApiError> {
        match Query::from_request_parts(parts, app).await {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => Err(ApiError::bad_request(format!(
                "The query of this address is not valid: {}. Correct it or leave it out.",
                cause(&rejection)
            ))),
        }
    }
}

/// The fields of a form. Unknown ones are ignored.
pub(crate) struct FormBody<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<AppState> for FormBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, app: &AppState) -> Result<Self, ApiError> {
        match Form::from_request(request, app).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(FormRejection::InvalidFormContentType(_)) => {
                let message = "The request body is not a form. Send its fields as application/x-www-form-urlencoded.";
                Err(ApiError::bad_request(message))
            }
            Err(rejection) => {
                let message = format!("The form is not valid: {}. Correct it and send it again.", cause(&rejection));
                Err(ApiError::bad_body(rejection.status(), message))
            }
        }
    }
}

/// What is wrong, with the name of the parameter, without axum's introduction.
fn cause(rejection: &(impl Error + ToString)) -> String {
    rejection.source().map_or_else(|| rejection.to_string(), ToString::to_string)
}
