//! Profiles, the people list, roles and their audit entries.

use crate::support::{Client, Server, people::PASSWORD, unlimited};
use parlor::config::{Config, Guests};
use parlor_protocol::{
    CloseCode, ServerFrame, ServerRole, error_code,
    http::{Me, PeoplePage},
};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn display_name_differs_from_the_account_name() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    server.account("bob").await;
    let _guest = server.greeted("carl").await;
    let mut live = Client::greet(server.address, &ann).await;
    let patch = async |body| server.ask(Method::PATCH, "/api/me", &ann.token, body).await;
    for taken in ["BOB", "Carl"] {
        assert_eq!(patch(json!({ "display_name": taken })).await.refused(), (409, error_code::NAME_TAKEN.into()));
    }
    assert_eq!(patch(json!({ "display_name": " " })).await.status, 422);
    assert_eq!(patch(json!({ "colour": 12 })).await.status, 400);
    assert_eq!(patch(json!({ "colour": -1 })).await.status, 400);
    let colour: Me = patch(json!({ "colour": 7 })).await.of();
    assert_eq!((colour.user.name.as_str(), colour.colour), ("ann", Some(7)));
    let me: Me = patch(json!({ "display_name": "Annabella" })).await.of();
    assert_eq!((me.user.name.as_str(), me.account.as_deref(), me.colour), ("Annabella", Some("ann"), Some(7)));
    assert_eq!(live.ended().await.bye, Some(CloseCode::IdentityChanged.code()), "and comes back under the new name");
    let mut back = Client::connect(server.address, &ann).await;
    let ServerFrame::Welcome { you, .. } = back.hello(vec![]).await else { panic!("no welcome") };
    assert_eq!(you, me.user);
    // Both names are reserved, and the account name is for signing in.
    for hers in ["annabella", "ann"] {
        assert_eq!(server.try_guest(hers).await.status, 409, "{hers}");
    }
    assert_eq!(server.sign_in("ann").await.user, me.user);
    assert_eq!(server.try_sign_in("annabella", PASSWORD).await.status, 401);
    let guest = server.session("dora").await;
    let body = json!({ "display_name": "Theodora" });
    assert_eq!(server.ask(Method::PATCH, "/api/me", &guest.token, body).await.status, 403);
    server.stop().await;
}

#[tokio::test]
async fn people_are_listed_in_pages() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    for name in ["Ann", "bob", "Annabella"] {
        server.account(name).await;
    }
    let guest = server.session("guest").await;
    let list = async |token: &str, query: &str| -> PeoplePage {
        server.get(token, &format!("/api/people{query}")).await.json().await.unwrap()
    };
    let names = |page: &PeoplePage| page.people.iter().map(|person| person.name.clone()).collect::<Vec<_>>();
    let all = list(&owner.token, "").await;
    assert_eq!((names(&all), all.next.as_deref()), (["Ann", "Annabella", "bob", "olga"].map(Into::into).into(), None));
    assert_eq!(all.people[3].role, ServerRole::Owner);
    let page = list(&guest.token, "?limit=3").await;
    assert_eq!(page.people.len(), 3);
    let rest = list(&guest.token, &format!("?limit=3&after={}", page.next.unwrap())).await;
    assert_eq!((names(&rest), rest.next), (vec!["olga".into()], None));
    assert_eq!(names(&list(&owner.token, "?q=ANN").await), ["Ann", "Annabella"]);
    assert_eq!(names(&list(&owner.token, "?q=%25").await), [] as [&str; 0], "no pattern");
    assert_eq!(server.get(&owner.token, "/api/people?limit=x").await.status(), 400);
    assert_eq!(server.get("", "/api/people").await.status(), 401);
    server.stop().await;
    let server = Server::start_with(Config { guests: Some(Guests::LobbyOnly), ..unlimited() }).await;
    let guest = server.session("guest").await;
    assert_eq!(server.get(&guest.token, "/api/people").await.status(), 403);
    server.stop().await;
}

#[tokio::test]
async fn roles_are_changed_by_higher_roles_and_apply_at_once() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let admin = server.with_role(&owner, "adam", "admin").await;
    let ann = server.account("ann").await;
    let mut live = Client::greet(server.address, &ann).await;
    let give = async |by: &str, to: &str, role: &str| {
        server.post(&format!("/api/people/{to}/role"), by, json!({ "role": role })).await.status
    };
    let id = |made: &parlor_protocol::http::CreatedSession| made.user.id.0.to_string();
    let guest = server.session("guest").await;
    for (by, to, role, status) in [
        (&ann, id(&ann), "admin", 403),
        (&admin, id(&ann), "admin", 403),
        (&admin, id(&ann), "owner", 403),
        (&admin, id(&owner), "member", 403),
        (&admin, id(&admin), "member", 403),
        (&owner, id(&owner), "member", 403),
        (&owner, id(&ann), "guest", 400),
        (&owner, id(&ann), "emperor", 400),
        (&owner, id(&guest), "member", 404),
        (&owner, "x".into(), "member", 404),
    ] {
        assert_eq!(give(&by.token, &to, role).await, status, "{role}");
    }
    assert_eq!(server.get(&ann.token, "/api/invites").await.status(), 403);
    assert_eq!(give(&admin.token, &id(&ann), "moderator").await, 204);
    assert_eq!(give(&owner.token, &id(&ann), "admin").await, 204);
    // The existing session has it.
    assert_eq!(server.get(&ann.token, "/api/invites").await.status(), 200);
    assert_eq!(live.ended().await.bye, Some(CloseCode::IdentityChanged.code()));
    assert_eq!(give(&owner.token, &id(&ann), "member").await, 204);
    assert_eq!(server.get(&ann.token, "/api/invites").await.status(), 403);
    assert_eq!(give(&owner.token, &id(&admin), "owner").await, 204);
    assert_eq!(give(&admin.token, &id(&owner), "member").await, 403, "no two can throw each other out");
    server.stop().await;
}

#[tokio::test]
async fn administrative_actions_are_audited_without_secrets() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let (made, secret) = server.invite(&owner, json!({})).await;
    let body = json!({ "name": "ann", "password": PASSWORD, "invite": secret });
    let ann = server.post("/api/accounts", "", body).await.made();
    server.delete(&format!("/api/invites/{}", made.invite.id), &owner.token).await;
    let path = format!("/api/people/{}", ann.user.id.0);
    server.post(&format!("{path}/role"), &owner.token, json!({ "role": "moderator" })).await;
    let link: serde_json::Value = server.post(&format!("{path}/reset"), &owner.token, json!(null)).await.of();
    let reset = link["link"].as_str().unwrap().strip_prefix("/reset/").unwrap().to_owned();
    let body = json!({ "secret": reset, "password": "another password" });
    let ann = server.post("/api/reset", "", body).await.made();
    let body = json!({ "current": "another password", "new": "a third password" });
    let ann = server.post("/api/password", &ann.token, body).await.made();
    server.ask(Method::DELETE, "/api/me", &ann.token, json!({ "password": "a third password" })).await;

    let mut db = server.database().await;
    type Row = (String, Option<uuid::Uuid>, Option<uuid::Uuid>, Option<String>);
    let rows: Vec<Row> = db.rows("SELECT act, actor, subject, details FROM audit ORDER BY id").await;
    let (olga, ann) = (Some(owner.user.id.0), Some(ann.user.id.0));
    let noted: Vec<_> = rows.iter().map(|(act, actor, subject, _)| (act.as_str(), *actor, *subject)).collect();
    assert_eq!(
        noted,
        [
            ("owner_made", olga, olga),
            ("invite_made", olga, None),
            ("invite_used", ann, olga),
            ("invite_revoked", olga, None),
            ("role_changed", olga, ann),
            ("reset_made", olga, ann),
            ("reset_used", ann, ann),
            ("password_changed", ann, ann),
            ("account_deleted", ann, ann),
        ]
    );
    let details: String = rows.iter().filter_map(|row| row.3.clone()).collect();
    assert!(details.contains(r#""to":"moderator""#) && details.contains(&made.invite.id.to_string()), "{details}");
    for hidden in [secret.as_str(), reset.as_str(), "password"] {
        assert!(!details.contains(hidden), "{details}");
    }
    for change in ["DELETE FROM audit", "UPDATE audit SET actor = NULL"] {
        assert!(db.execute(change, &[]).await.is_err(), "{change}");
    }
    server.stop().await;
}
