//! Entries of the audit log about sessions, members and rooms.

use super::*;

#[tokio::test]
async fn sign_ins_sessions_members_and_rooms_are_audited() {
    let server = Server::start().await;
    let [olga, adam, _, ann] = of_each_role(&server).await;
    let audit = async || -> Vec<Value> {
        let page: Value = server.get(&olga.token, "/api/audit?limit=200").await.json().await.unwrap();
        page["entries"].as_array().unwrap().clone()
    };
    let before = audit().await.len();
    let phone = server.sign_in("Ann").await;
    assert_eq!(server.try_sign_in("Ann", "not her password").await.status, 401);
    assert_eq!(server.try_sign_in("Nobody", "my secret password").await.status, 401);
    let room = server.room(&ann, "Attic", "private").await;
    server.direct(&ann, &[&adam]).await;
    server.add(&ann, &room, &adam.user).await;
    assert_eq!(server.delete("/api/sessions", &phone.token).await.status, 204);
    assert_eq!(server.delete(&of(&ann, "sessions"), &adam.token).await.status, 204);
    server.ban(&olga, &ann).await;
    assert_eq!(server.try_sign_in("Ann", PASSWORD).await.status, 403);
    // It is written after the answer.
    let denial = async || audit().await[0]["act"] == "sign_in_denied";
    eventually("the denied sign-in is audited", denial).await;
    let mut entries = audit().await;
    entries.truncate(entries.len() - before);
    entries.reverse();
    let name = |user: &Value| user["name"].as_str().unwrap_or("-").to_owned();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry["act"].as_str().unwrap(), name(&entry["actor"]), name(&entry["subject"])))
        .collect();
    let expected = [
        ("signed_in", "Ann", "-"),
        ("sign_in_denied", "-", "Ann"),
        ("room_created", "Ann", "-"),
        ("member_added", "Ann", "Adam"),
        ("sessions_ended", "Ann", "Ann"),
        ("sessions_ended", "Adam", "Ann"),
        ("banned", "Olga", "Ann"),
        ("sign_in_denied", "-", "Ann"),
    ];
    assert_eq!(told, expected.map(|(act, who, whom)| (act, who.to_owned(), whom.to_owned())));
    assert_eq!(entries[1]["details"], json!({ "cause": "wrong_password" }));
    assert_eq!(entries[7]["details"], json!({ "cause": "banned" }));
    assert_eq!(entries[2]["room"], json!(room));
    let text = serde_json::to_string(&entries).unwrap();
    assert!(!text.contains("Nobody") && !text.contains("127.0.0.1") && !text.contains("Attic"), "{text}");
    for (language, texts) in [
        (
            "en",
            [
                "Signing in as Ann was denied.banned",
                "Adam ended sessions of Ann.",
                "Ann added Adam to ",
                "Ann created ",
            ],
        ),
        ("zh", ["以 Ann 的身份登录被拒绝。已被封禁", "Adam 结束了 Ann 的登录。", "Ann 将 Adam 加入了 ", "Ann 创建了 "]),
    ] {
        let page = Browser { language, ..Browser::with(&server, &olga) }.open("/audit").await;
        let parts = page.html.split('<').map(|part| part.split_once('>').map_or("", |(_, text)| text));
        let text: String = parts.collect();
        for expected in texts {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
    server.stop().await;
}
