//! Health checks.

use axum::{extract::State, http::StatusCode};

use super::{ApiError, AppState};

/// `GET /healthz`: the process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers as well.
pub(super) async fn ready(State(state): State<AppState>) -> Result<(StatusCode, &'static str), ApiError> {
    state.services.check_store().await?;
    Ok((StatusCode::OK, "ready\n"))
}
