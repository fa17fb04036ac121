//! For those who watch over the process.

use axum::{extract::State, http::StatusCode};

use super::{ApiError, App};

/// The process runs and answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// The process can do its work: the database answers, and it is not stopping.
pub(super) async fn ready(State(app): State<App>) -> Result<(StatusCode, &'static str), ApiError> {
    app.live.store.all_rooms().await?;
    Ok((StatusCode::OK, "ready\n"))
}
