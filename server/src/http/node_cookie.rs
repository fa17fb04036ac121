//! Middleware that tells the load balancer which node a browser's requests belong to: connections over event streams and long
//! polling consist of many requests, which only one node can answer.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};

use super::{AppState, scheme, session_cookie};

/// The name of the cookie; its value is the name of the node.
const NAME: &str = "parlor_node";

/// Sets the cookie where it is missing or names another node, if there can be others.
pub(super) async fn set(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let Some(cluster) = &app.cluster else { return next.run(request).await };
    let name = cluster.name();
    let (parts, body) = request.into_parts();
    let is_set = session_cookie::value(&parts.headers, NAME) == Some(name);
    let secure = if scheme::is_https(&parts, &app.config) { "; Secure" } else { "" };
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if !is_set
        && !is_shared(&response)
        && let Ok(cookie) = HeaderValue::from_str(&format!("{NAME}={name}; Path=/; HttpOnly; SameSite=Lax{secure}"))
    {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// Whether caches may keep the response for others.
fn is_shared(response: &Response) -> bool {
    let directives = response.headers().get(header::CACHE_CONTROL).and_then(|value| value.to_str().ok());
    directives.is_some_and(|directives| directives.contains("public"))
}
