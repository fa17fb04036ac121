//! Mentions by `@name`: resolution and counts.

use crate::support::{Client, FrameReader, Server, rooms::counts};
use parlor_protocol::{EventKind, RoomId, UserId, http::CreatedSession};
use reqwest::Method;
use serde_json::json;

fn span(name: &str) -> String {
    format!("<span class=\"mention\">{name}</span>")
}

/// Sends a message and returns its mentions and HTML.
async fn named(client: &mut Client, room: &RoomId, text: &str) -> (Vec<UserId>, String) {
    let (id, _) = client.say_in(room, text).await;
    loop {
        let event = client.event().await;
        if let EventKind::Message { html, mentions, .. } = event.event
            && event.id == id
        {
            return (mentions, html);
        }
    }
}

fn ids(people: &[&CreatedSession]) -> Vec<UserId> {
    people.iter().map(|one| one.user.id).collect()
}

#[tokio::test]
async fn mentions_resolve_to_members_by_display_name() {
    let server = Server::start().await;
    let writer = server.account("writer").await;
    let (ann, lee) = (server.account("ann").await, server.account("annlee").await);
    for (who, name) in [(&ann, "Ann"), (&lee, "Ann Lee")] {
        let answer = server.ask(Method::PATCH, "/api/me", &who.token, json!({ "display_name": name })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let (guest, cjk) = (server.session("Zoé").await, server.session("张三").await);
    let mut client = Client::greet(server.address, &writer).await;
    let room = server.room(&writer, "Kitchen", "public").await;
    for who in [&ann, &lee, &guest, &cjk] {
        server.add(who, &room, &who.user).await;
    }
    let outside = server.account("outside").await;
    client.join(room.as_str(), None).await;
    // None of them is connected.
    for (text, people, shown) in [
        ("hi @ann", vec![&ann], vec!["@ann"]),
        ("hi @ANN LEE!", vec![&lee], vec!["@ANN LEE"]),
        ("(@annlee), @Ann. @zoÉ", vec![&lee, &ann, &guest], vec!["@annlee", "@Ann", "@zoÉ"]),
        ("@Ann Leeds", vec![&ann], vec!["@Ann"]),
        ("**@ann** and @ann", vec![&ann], vec!["@ann", "@ann"]),
        ("你好@张三你好", vec![&cjk], vec!["@张三"]),
        ("@writer", vec![], vec!["@writer"]),
        ("mail@ann @annette @outside @ ann @@", vec![], vec![]),
        ("`@ann`\n```\n@ann\n```\n[@ann](https://x.org) https://x.org/@ann <b title='@ann'>", vec![], vec![]),
    ] {
        let (mentions, html) = named(&mut client, &room, text).await;
        assert_eq!(mentions, people.iter().map(|one| one.user.id).collect::<Vec<_>>(), "{text}: {html}");
        assert_eq!(html.matches("class=\"mention\"").count(), shown.len(), "{text}: {html}");
        for name in shown {
            assert!(html.contains(&span(name)), "{text}: {html}");
        }
    }
    let (mentions, html) = named(&mut client, &room, "<span class=\"mention\">@outside</span>").await;
    assert!(mentions.is_empty() && !html.contains("<span"), "nobody writes it themselves: {html}");
    server.add(&outside, &room, &outside.user).await;
    assert_eq!(named(&mut client, &room, "@outside").await.0, ids(&[&outside]));
    server.remove(&outside, &room, &outside.user).await;
    assert!(named(&mut client, &room, "@outside").await.0.is_empty());
    server.stop().await;
}

#[tokio::test]
async fn mention_of_a_shared_guest_name_resolves_to_the_online_guest() {
    let server = Server::start().await;
    let mut writer = server.client("writer").await;
    let lobby = RoomId::lobby();
    let first = server.session("Sam").await;
    let second = server.session("sam").await;
    assert_eq!(named(&mut writer, &lobby, "@sam").await.0, ids(&[&second]), "who came last");
    let _there = Client::greet(server.address, &first).await;
    assert_eq!(named(&mut writer, &lobby, "@sam").await.0, ids(&[&first]));
    // An account is not a guest.
    let body = json!({ "name": "Samantha", "password": "correct horse battery" });
    let samantha = server.post("/api/accounts", &second.token, body).await.made();
    assert_eq!(samantha.user.id, second.user.id);
    assert_eq!(named(&mut writer, &lobby, "@samantha @sam").await.0, ids(&[&second, &first]));
    server.stop().await;
}

#[tokio::test]
async fn mentions_are_counted_and_persist() {
    let server = Server::start().await;
    let lobby = RoomId::lobby();
    let (ann, bob) = (server.session("ann").await, server.session("bob").await);
    let mut annas = Client::greet(server.address, &ann).await;
    let mut bobs = Client::greet(server.address, &bob).await;
    for text in ["@bob one", "two", "@bob @ann three"] {
        annas.say_in(&lobby, text).await;
    }
    assert_eq!(counts(&server.listed(&bob, &lobby).await), (0, 3, 2, false));
    assert_eq!(counts(&server.listed(&ann, &lobby).await), (0, 0, 0, false), "nobody calls themselves");
    assert_eq!(counts(&bobs.summary(&lobby, |room| room.head == 3).await), (0, 3, 2, false));
    let server = server.restart().await;
    assert_eq!(counts(&server.listed(&bob, &lobby).await), (0, 3, 2, false));
    let mentions: Vec<_> = server.page(&bob, &lobby).await.messages.iter().map(|one| one.mentions.clone()).collect();
    assert_eq!(mentions, [ids(&[&bob]), vec![], ids(&[&bob])]);
    let mut late = Client::greet(server.address, &bob).await;
    late.join("lobby", Some(0)).await;
    let replayed = late.events_to(3).await;
    assert!(matches!(&replayed[2].event, EventKind::Message { mentions, .. } if *mentions == ids(&[&bob])));
    server.stop().await;
}

#[tokio::test]
async fn every_message_in_a_direct_room_is_a_mention() {
    let server = Server::start().await;
    let (ann, bob) = (server.session("ann").await, server.session("bob").await);
    let room = server.direct(&ann, &[&bob]).await;
    let mut annas = Client::greet(server.address, &ann).await;
    let mut bobs = Client::greet(server.address, &bob).await;
    annas.say_in(&room, "psst").await;
    annas.say_in(&room, "hey @bob").await;
    assert_eq!(counts(&bobs.summary(&room, |room| room.head == 2).await), (0, 2, 2, false));
    assert_eq!(counts(&server.listed(&ann, &room).await), (0, 0, 0, false));
    server.stop().await;
}
