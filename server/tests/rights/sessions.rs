//! What people lose with a ban or a demotion, and sessions that others end.

use super::*;

async fn join_with(server: &Server, name: &str, secret: &str) -> (u16, String) {
    let body = json!({ "name": name, "password": PASSWORD, "invite": secret });
    let answer = server.post("/api/accounts", "", body).await;
    if answer.status == 200 { (200, String::new()) } else { answer.refused() }
}

#[tokio::test]
async fn a_ban_or_demotion_voids_invitations_and_reset_links() {
    let server = Server::start().await;
    let [olga, adam, mona, ann] = of_each_role(&server).await;
    let void = (403, "invite_needed".to_owned());
    let (_, of_banned) = server.invite(&adam, json!({ "role": "moderator" })).await;
    server.ban(&olga, &adam).await;
    assert_eq!(join_with(&server, "Adam again", &of_banned).await, void);
    server.lift(&olga, &adam).await;
    assert_eq!(join_with(&server, "Adam again", &of_banned).await, void, "and after the ban");
    let adam = server.sign_in("Adam").await;
    let (_, of_demoted) = server.invite(&adam, json!({})).await;
    assert_eq!(server.post(&of(&adam, "role"), &olga.token, json!({ "role": "member" })).await.status, 204);
    assert_eq!(join_with(&server, "Adam again", &of_demoted).await, void);
    // A link for somebody who is banned does not bring them back either.
    let reset: Value = server.post(&of(&ann, "reset"), &olga.token, Value::Null).await.of();
    let secret = reset["link"].as_str().unwrap().strip_prefix("/reset/").unwrap();
    server.ban(&mona, &ann).await;
    server.lift(&mona, &ann).await;
    let answer = server.post("/api/reset", "", json!({ "secret": secret, "password": "another password" })).await;
    assert_eq!(answer.refused(), (403, "invalid_link".into()));
    server.stop().await;
}

#[tokio::test]
async fn admins_invite_people_below_them_only() {
    let server = Server::start().await;
    let [olga, adam, mona, ann] = of_each_role(&server).await;
    let mut statuses = Vec::new();
    for who in [&olga, &adam, &mona, &ann] {
        for role in ["member", "moderator", "admin"] {
            statuses.push(server.post("/api/invites", &who.token, json!({ "role": role })).await.status);
        }
    }
    assert_eq!(statuses, [201, 201, 201, 201, 201, 403, 403, 403, 403, 403, 403, 403]);
    server.stop().await;
}

#[tokio::test]
async fn sessions_from_before_a_ban_stay_ended() {
    let server = Server::start().await;
    let [olga, _, mona, ann] = of_each_role(&server).await;
    let gil = server.session("Gil").await;
    for who in [&ann, &gil] {
        server.ban(&mona, who).await;
        assert_eq!(server.get(&who.token, "/api/me").await.status(), 403, "banned");
        server.lift(&mona, who).await;
    }
    assert_eq!((server.who(&ann.token).await, server.who(&gil.token).await), (401, 401));
    let ann = server.sign_in("Ann").await;
    assert_eq!(server.who(&ann.token).await, 200);
    let sessions: Value = server.get(&ann.token, "/api/sessions").await.json().await.unwrap();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1, "{sessions}");
    // The same holds if the ban ends by itself, and after a restart.
    server.ban(&mona, &ann).await;
    let mut db = server.database().await;
    db.execute("UPDATE ban SET until = 1 WHERE lifted_at IS NULL", &[]).await.unwrap();
    let server = server.restart().await;
    assert_eq!(server.who(&ann.token).await, 401);
    assert_eq!(server.who(&server.sign_in("Ann").await.token).await, 200);
    assert_eq!(server.who(&olga.token).await, 200);
    server.stop().await;
}

#[tokio::test]
async fn admins_end_the_sessions_of_people_below_them() {
    let server = Server::start().await;
    let [olga, adam, mona, ann] = of_each_role(&server).await;
    let phone = server.sign_in("Ann").await;
    let mut live = Client::greet(server.address, &phone).await;
    for (by, on) in [(&mona, &ann), (&ann, &ann), (&adam, &olga), (&adam, &adam)] {
        assert_eq!(server.delete(&of(on, "sessions"), &by.token).await.status, 403, "{}", by.user.name);
    }
    assert_eq!(server.delete("/api/people/x/sessions", &adam.token).await.status, 404);
    assert_eq!(server.delete(&of(&ann, "sessions"), &adam.token).await.status, 204);
    assert_eq!(live.ended().await.bye, Some(CloseCode::SessionRevoked.code()));
    assert_eq!((server.who(&ann.token).await, server.who(&phone.token).await), (401, 401));
    assert_eq!(server.who(&server.sign_in("Ann").await.token).await, 200);
    server.stop().await;
}
