//! Owners of rooms, and who is above whom in a room.

use super::*;

#[tokio::test]
async fn moderators_of_a_room_cannot_act_on_its_owner_or_on_each_other() {
    let server = Server::start().await;
    let [ann, bob, cem] = [server.account("Ann").await, server.account("Bob").await, server.account("Cem").await];
    let room = server.room(&ann, "Attic", "private").await;
    for other in [&bob, &cem] {
        server.add(&ann, &room, &other.user).await;
        assert_eq!(server.set_moderator(&ann, &room, other, true).await, 204);
    }
    let mut tried = Vec::new();
    for on in [&ann, &cem] {
        tried.push((
            on.user.name.as_str(),
            server.set_moderator(&bob, &room, on, false).await,
            server.expel(&bob, &room, on).await,
            server.mute(&bob, on, Some(&room)).await,
            server.set_owner(&bob, &room, &bob).await,
        ));
    }
    assert_eq!(tried, [("Ann", 403, 403, 403, 403), ("Cem", 403, 403, 403, 403)]);
    assert_eq!(server.roles(&bob, &room).await, (vec!["Ann".into()], vec!["Bob".into(), "Cem".into()]));
    // The owner does all three, and anyone may step down but the owner, who hands the room over.
    assert_eq!(server.mute(&ann, &bob, Some(&room)).await, 204);
    assert_eq!(server.set_moderator(&ann, &room, &bob, false).await, 204);
    assert_eq!(server.expel(&ann, &room, &bob).await, 204);
    assert_eq!(server.set_moderator(&cem, &room, &cem, false).await, 204);
    assert_eq!(server.set_moderator(&ann, &room, &ann, false).await, 403);
    server.stop().await;
}

#[tokio::test]
async fn roles_of_the_server_are_above_those_of_a_room() {
    let server = Server::start().await;
    let [olga, adam, mona, ann] = of_each_role(&server).await;
    let room = server.room(&ann, "Garden", "public").await;
    for other in [&olga, &adam, &mona] {
        server.add(&ann, &room, &other.user).await;
    }
    for (by, on, status) in [(&ann, &mona, 403), (&mona, &adam, 403), (&mona, &olga, 403), (&adam, &olga, 403)] {
        let name = format!("{} {}", by.user.name, on.user.name);
        let tried = [server.expel(by, &room, on).await, server.mute(by, on, Some(&room)).await];
        assert_eq!(tried, [status; 2], "{name}");
    }
    assert_eq!(server.mute(&mona, &ann, Some(&room)).await, 204);
    assert_eq!(server.expel(&mona, &room, &ann).await, 204);
    assert_eq!(server.expel(&olga, &room, &adam).await, 204);
    server.stop().await;
}

#[tokio::test]
async fn owners_hand_their_room_over() {
    let server = Server::start().await;
    let [ann, bob, cem] = [server.account("Ann").await, server.account("Bob").await, server.account("Cem").await];
    let room = server.room(&ann, "Attic", "private").await;
    server.add(&ann, &room, &bob.user).await;
    let mut live = Client::greet(server.address, &bob).await;
    live.join(room.as_str(), None).await;
    assert_eq!(server.set_owner(&ann, &room, &cem).await, 404, "no member");
    assert_eq!(server.set_owner(&cem, &room, &cem).await, 404, "a hidden room");
    assert_eq!(server.set_owner(&bob, &room, &bob).await, 403);
    assert_eq!(server.set_owner(&ann, &room, &bob).await, 204);
    live.summary(&room, |room| room.owner && room.moderator).await;
    let event = live.event().await.event;
    assert_eq!(serde_json::to_value(event).unwrap(), json!({ "kind": "owner_changed", "user": bob.user }));
    let expected = (vec!["Bob".to_owned()], vec!["Ann".to_owned()]);
    assert_eq!(server.roles(&ann, &room).await, expected);
    let listed = [server.listed(&ann, &room).await, server.listed(&bob, &room).await];
    assert_eq!(listed.map(|room| (room.moderator, room.owner)), [(true, false), (true, true)]);
    // The maker has no rights left beyond the role, and a restart changes nothing.
    let server = server.restart().await;
    assert_eq!(server.roles(&ann, &room).await, expected);
    assert_eq!(server.set_moderator(&ann, &room, &bob, false).await, 403);
    assert_eq!(server.set_owner(&ann, &room, &ann).await, 403);
    assert_eq!(server.expel(&bob, &room, &ann).await, 204);
    server.stop().await;
}

#[tokio::test]
async fn the_settings_page_hands_a_room_over() {
    let server = Server::start().await;
    let [ann, ben] = [server.account("Ann").await, server.account("Ben").await];
    let room = server.room(&ann, "Garden", "public").await;
    server.add(&ann, &room, &ben.user).await;
    let mut browser = Browser::with(&server, &ann);
    assert!(browser.open(&settings(&room)).await.has("You own this room."));
    let page = browser.post(&about(&room, &ben, "own"), &[]).await;
    let to = page.to().to_owned();
    let page = browser.open(&to).await;
    assert_eq!(page.at("done"), "Owner changed.");
    assert!(!page.has("You own this room.") && !page.has(&about(&room, &ben, "remove")), "{}", page.html);
    let mut chinese = Browser { language: "zh", ..Browser::with(&server, &ben) };
    let page = chinese.open(&settings(&room)).await;
    assert!(page.has(">房主<") && page.has("你是房主。") && page.has(&about(&room, &ann, "dismiss")), "{}", page.html);
    server.stop().await;
}

#[tokio::test]
async fn admins_name_the_owner_of_a_room() {
    let server = Server::start().await;
    let [olga, adam, mona, ann] = of_each_role(&server).await;
    let ben = server.account("Ben").await;
    let room = server.room(&ann, "Garden", "public").await;
    server.add(&ann, &room, &ben.user).await;
    assert_eq!(server.set_owner(&mona, &room, &ben).await, 403, "a moderator of the server");
    // While the owner is banned, and after they have left.
    server.ban(&olga, &ann).await;
    assert_eq!(server.set_owner(&adam, &room, &ben).await, 204);
    assert_eq!(server.roles(&adam, &room).await, (vec!["Ben".into()], vec!["Ann".into()]));
    assert_eq!(server.expel(&ben, &room, &ben).await, 204);
    assert_eq!(server.roles(&adam, &room).await.0, Vec::<String>::new());
    server.add(&ben, &room, &ben.user).await;
    assert_eq!(server.roles(&adam, &room).await.0, Vec::<String>::new(), "coming back brings no role");
    assert_eq!(server.set_owner(&adam, &room, &ben).await, 204);
    // An account that is deleted owns nothing.
    let answer = server.ask(Method::DELETE, "/api/me", &ben.token, json!({ "password": PASSWORD })).await;
    assert_eq!(answer.status, 204);
    assert_eq!(server.roles(&adam, &room).await.0, Vec::<String>::new());
    // Nobody takes a room from somebody of a higher role, and the lobby has no owner.
    let study = server.room(&olga, "Study", "public").await;
    server.add(&olga, &study, &adam.user).await;
    assert_eq!(server.set_owner(&adam, &study, &adam).await, 403);
    assert_eq!(server.set_owner(&olga, &RoomId::lobby(), &olga).await, 403);
    server.stop().await;
}
