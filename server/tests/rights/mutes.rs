//! What a mute covers: everything that reaches others.

use super::*;

const MUTED: &str = "muted";

fn code(answer: &Answer) -> (u16, String) {
    if answer.status < 400 { (answer.status, String::new()) } else { answer.refused() }
}

#[tokio::test]
async fn muted_people_reach_nobody_on_the_whole_server() {
    let server = Server::start().await;
    let [olga, _, mona, ann] = of_each_role(&server).await;
    let [ben, cem] = [server.account("Ben").await, server.account("Cem").await];
    let (room, hall) = (server.room(&ann, "Garden", "public").await, server.room(&olga, "Hall", "public").await);
    server.add(&ann, &room, &ben.user).await;
    let known = server.direct(&ann, &[&ben]).await;
    assert_eq!(server.mute(&mona, &ann, None).await, 204);
    let here = format!("/api/rooms/{room}");
    let mut reached = Vec::new();
    for (method, path, body) in [
        (Method::POST, "/api/rooms".to_owned(), json!({ "name": "buy now", "kind": "public" })),
        (Method::POST, "/api/rooms".to_owned(), json!({ "name": "buy now", "kind": "private" })),
        (Method::POST, "/api/direct".to_owned(), json!({ "users": [cem.user.id] })),
        (Method::PATCH, "/api/me".to_owned(), json!({ "display_name": "buy now" })),
        (Method::PATCH, here.clone(), json!({ "name": "buy now" })),
        (Method::PATCH, here.clone(), json!({ "topic": "buy now" })),
        (Method::PATCH, here.clone(), json!({ "archived": true })),
        (Method::POST, format!("{here}/members"), json!({ "user": cem.user.id })),
        (Method::PATCH, member(&room, &ben), json!({ "moderator": true })),
        (Method::PUT, format!("{here}/owner"), json!({ "user": ben.user.id })),
        (Method::DELETE, member(&room, &ben), Value::Null),
        (Method::POST, of(&ben, "mute"), json!({ "minutes": 5, "room": room })),
    ] {
        let answer = server.ask(method.clone(), &path, &ann.token, body.clone()).await;
        if code(&answer) != (403, MUTED.to_owned()) {
            reached.push(format!("{method} {path} {body}: {}", answer.status));
        }
    }
    assert!(reached.is_empty(), "{reached:#?}");
    // What concerns nobody else goes on.
    for (method, path, body, status) in [
        (Method::POST, "/api/direct".to_owned(), json!({ "users": [ben.user.id] }), 200),
        (Method::POST, format!("/api/rooms/{hall}/members"), json!({ "user": ann.user.id }), 204),
        (Method::PUT, format!("/api/rooms/{hall}/level"), json!({ "level": "nothing" }), 204),
        (Method::DELETE, member(&hall, &ann), Value::Null, 204),
        (Method::GET, format!("{here}/messages"), Value::Null, 200),
        (Method::GET, "/api/people".to_owned(), Value::Null, 200),
    ] {
        let answer = server.ask(method, &path, &ann.token, body).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
    }
    assert_eq!(server.direct(&ann, &[&ben]).await, known);
    assert_eq!(server.delete(&of(&ann, "mute"), &mona.token).await.status, 204);
    server.change(&ann, &room, json!({ "topic": "herbs" })).await;
    // The same holds for those who have a role on the server.
    assert_eq!(server.mute(&olga, &mona, None).await, 204);
    assert_eq!(server.post(&of(&ann, "ban"), &mona.token, json!({ "reason": "buy now" })).await.refused().1, MUTED);
    server.stop().await;
}

#[tokio::test]
async fn a_mute_in_a_room_covers_everything_there() {
    let server = Server::start().await;
    let [ann, bob, cem] = [server.account("Ann").await, server.account("Bob").await, server.account("Cem").await];
    let room = server.room(&ann, "Garden", "public").await;
    server.add(&ann, &room, &bob.user).await;
    assert_eq!(server.set_moderator(&ann, &room, &bob, true).await, 204);
    let mut live = Client::greet(server.address, &ann).await;
    live.join(room.as_str(), None).await;
    let (message, _) = live.say_in(&room, "mine").await;
    assert_eq!(server.mute(&ann, &bob, Some(&room)).await, 204);
    let here = format!("/api/rooms/{room}");
    let tried = [
        server.ask(Method::PATCH, &here, &bob.token, json!({ "topic": "buy now" })).await,
        server.ask(Method::PATCH, &here, &bob.token, json!({ "name": "buy now" })).await,
        server.post(&format!("{here}/members"), &bob.token, json!({ "user": cem.user.id })).await,
    ];
    assert_eq!(tried.each_ref().map(code), [0; 3].map(|_| (403, MUTED.to_owned())));
    let mut muted = Client::greet(server.address, &bob).await;
    assert_eq!(muted.delete(&room, message).await, Err(MUTED.to_owned()));
    muted.say(&message_to(&room, "hello")).await;
    assert_eq!(muted.refusal().await, MUTED);
    server.room(&bob, "Elsewhere", "public").await;
    server.stop().await;
}
