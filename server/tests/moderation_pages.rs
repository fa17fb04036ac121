//! Muting and banning on the pages of people, without JavaScript.

use crate::support::{Client, Server, browser::Browser, people::of_each_role};
use parlor_protocol::{CloseCode, http::CreatedSession};

fn page_of(who: &CreatedSession) -> String {
    format!("/people/{}", who.user.id)
}

fn form(who: &CreatedSession, what: &str) -> String {
    format!("{}/{what}", page_of(who))
}

#[tokio::test]
async fn page_shows_only_permitted_forms() {
    let server = Server::start().await;
    let [olga, adam, mona, ann] = of_each_role(&server).await;
    let eve = server.account("Eve").await;
    let guest = server.session("Gil").await;
    for (viewer, seen, shown) in [
        (&ann, &eve, ""),
        (&ann, &olga, ""),
        (&guest, &ann, ""),
        (&mona, &ann, "mute ban"),
        (&mona, &guest, "mute ban"),
        (&mona, &adam, ""),
        (&mona, &mona, ""),
        (&adam, &mona, "role mute ban sessions/end"),
        (&adam, &guest, "mute ban sessions/end"),
        (&adam, &olga, ""),
        (&olga, &adam, "role mute ban sessions/end reset"),
        (&olga, &olga, ""),
    ] {
        let mut browser = Browser::with(&server, viewer);
        let page = browser.open(&page_of(seen)).await;
        assert_eq!(page.at("name"), seen.user.name);
        let forms = ["role", "mute", "ban", "sessions/end", "reset"];
        let has = forms.into_iter().filter(|what| page.has(&format!("action=\"{}\"", form(seen, what))));
        assert_eq!(has.collect::<Vec<_>>().join(" "), shown, "{} sees {}", viewer.user.name, seen.user.name);
        let roles: Vec<_> = page.html.split("<option value=\"").skip(1).filter_map(|it| it.split('"').next()).collect();
        let above = roles.iter().any(|role| ["admin", "owner"].contains(role));
        assert_eq!(above, viewer.user.id == olga.user.id && shown.contains("role"), "{roles:?}");
        if seen.user.id != guest.user.id {
            let listed = browser.open("/people").await;
            let manage = format!("href=\"{}\" aria-label", page_of(seen));
            assert_eq!(listed.has(&manage), !shown.is_empty(), "{}", listed.html);
        }
        // Hidden forms are refused as well.
        for (what, fields) in [
            ("role", vec![("role", "member")]),
            ("mute", vec![("minutes", "10")]),
            ("ban", vec![("reason", "spam")]),
            ("sessions/end", vec![]),
            ("reset", vec![]),
        ] {
            if !shown.contains(what) {
                let page = browser.post(&form(seen, what), &fields).await;
                let said = !page.at("problem").is_empty();
                assert!(said && matches!(page.status, 403 | 404), "{} {what}: {}", viewer.user.name, page.html);
            }
        }
    }
    // Pages of guests are for moderators, and unknown people return 404.
    let [hidden, none] = [page_of(&guest), page_of(&guest).replace(|c: char| c.is_ascii_hexdigit(), "0")];
    let none = none.replacen("/p0opl0/", "/people/", 1);
    let mut browser = Browser::with(&server, &ann);
    let (hidden_page, none_page) = (browser.open(&hidden).await, browser.open(&none).await);
    assert_eq!((hidden_page.status, none_page.status), (404, 404));
    assert_eq!(hidden_page.html.replace(&hidden, &none), none_page.html);
    // Only links to accessible pages are shown.
    for (viewer, bans, audit) in [(&ann, 403, 403), (&mona, 200, 403), (&adam, 200, 200)] {
        let mut browser = Browser::with(&server, viewer);
        let page = browser.open("/account").await;
        assert!(page.has("href=\"/people\"") && page.has("href=\"/account\" aria-current=\"page\""), "{}", page.html);
        for (path, status) in [("/people/bans", bans), ("/audit", audit)] {
            assert_eq!(page.has(&format!("href=\"{path}\"")), status == 200, "{path}");
            assert_eq!(browser.open(path).await.status, status, "{path}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn user_is_muted_and_unmuted() {
    let server = Server::start().await;
    let [_, _, mona, ann] = of_each_role(&server).await;
    let mut live = Client::in_lobby(server.address, &ann).await;
    let mut browser = Browser::with(&server, &mona);
    for minutes in ["", "x", "0", "-1", "9999999"] {
        let page = browser.post(&form(&ann, "mute"), &[("minutes", minutes)]).await;
        assert_eq!((page.status, page.at("problem")), (400, "The server could not read the request."), "{minutes}");
    }
    let page = browser.post(&form(&ann, "mute"), &[("minutes", "60")]).await;
    assert_eq!(page.to(), format!("{}?done=muted", page_of(&ann)));
    live.post("hush").await;
    assert_eq!(live.refusal().await, "muted");
    let page = browser.open(&page_of(&ann)).await;
    assert!(page.has("data-testid=\"muted\"") && page.has("Muted until: ") && page.has("<time datetime="));
    // Only moderators see it.
    assert!(!Browser::with(&server, &ann).open(&page_of(&ann)).await.has("Muted until"));
    let page = browser.post(&form(&ann, "unmute"), &[]).await;
    assert_eq!(page.to(), format!("{}?done=unmuted", page_of(&ann)));
    live.send("thank you").await;
    assert_eq!(browser.post(&form(&ann, "unmute"), &[]).await.to(), page_of(&ann), "it has ended already");
    server.stop().await;
}

#[tokio::test]
async fn ban_form_explains_the_effect_on_guests() {
    let server = Server::start().await;
    let [olga, ..] = of_each_role(&server).await;
    let (ben, gus) = (server.account("Ben").await, server.session("gus").await);
    let mut browser = Browser::with(&server, &olga);
    let truth = "unless you also ban the address, they can return as someone else";
    assert!(browser.open(&page_of(&gus)).await.has(truth));
    let page = browser.open(&page_of(&ben)).await;
    assert!(!page.has(truth) && page.has("Required. Shown to moderators only."), "{}", page.html);
    let field = page.html.split("<input id=\"reason\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(field.contains(" required"), "{field}");
    server.stop().await;
}

#[tokio::test]
async fn user_is_banned_and_unbanned() {
    let server = Server::start().await;
    let [olga, _, mona, ann] = of_each_role(&server).await;
    let mut live = Client::greet(server.address, &ann).await;
    let mut browser = Browser::with(&server, &mona);
    let long = "x".repeat(251);
    for (reason, hours, status, why) in [
        ("", "24", 422, "Enter a reason."),
        (long.as_str(), "24", 422, "The text has 251 characters. The maximum is 250."),
        ("spam", "0", 400, "The server could not read the request."),
        ("spam", "soon", 400, "The server could not read the request."),
    ] {
        let page = browser.post(&form(&ann, "ban"), &[("reason", reason), ("hours", hours), ("address", "1")]).await;
        assert_eq!(page.status, status);
        assert!(page.at("problem").contains(why), "{}", page.html);
        assert!(page.has(&format!("value=\"{reason}\"")) && page.has("value=\"1\" checked"), "{}", page.html);
    }
    let reason = "<script>alert(1)</script> & \"more\"";
    let page = browser.post(&form(&ann, "ban"), &[("reason", reason), ("hours", "")]).await;
    assert_eq!(page.to(), format!("{}?done=banned", page_of(&ann)));
    assert_eq!(live.ended().await.bye, Some(CloseCode::Banned.code()), "at once");
    let mut banned = Browser::with(&server, &ann);
    for path in ["/people", "/account", "/rooms/lobby/settings"] {
        let page = banned.open(path).await;
        assert_eq!((page.status, page.at("problem")), (403, "You are banned from this server."), "{path}");
        assert!(!page.has("alert(1)"), "the reason is not for them");
    }
    let escaped = "&lt;script&gt;alert(1)&lt;/script&gt; &amp;";
    let page = browser.open(&page_of(&ann)).await;
    assert!(page.has("Banned permanently") && page.has(escaped) && page.has("by Mona"), "{}", page.html);
    let page = browser.open("/people/bans").await;
    assert!(page.has(escaped) && page.has("Banned permanently") && page.has(&form(&ann, "lift")), "{}", page.html);
    // Only admins lift what another moderator imposed.
    let mark = server.with_role(&olga, "Mark", "moderator").await;
    let mut other = Browser::with(&server, &mark);
    assert!(!other.open("/people/bans").await.has(&form(&ann, "lift")));
    let page = other.post(&form(&ann, "lift"), &[]).await;
    assert_eq!(page.status, 403);
    assert!(page.at("problem").starts_with("You can only manage people with a lower role"), "{}", page.html);
    let page = browser.post(&form(&ann, "lift"), &[("list", "1")]).await;
    assert_eq!(page.to(), "/people/bans?done=lifted");
    let page = browser.open("/people/bans?done=lifted").await;
    assert_eq!(page.at("done"), "User unbanned.");
    assert!(page.has("No banned users."));
    assert_eq!(server.who(&server.sign_in("Ann").await.token).await, 200);
    assert_eq!(browser.post(&form(&ann, "lift"), &[]).await.to(), page_of(&ann), "it was lifted already");
    // Temporary, with the address.
    browser.post(&form(&ann, "ban"), &[("reason", "again"), ("hours", "24"), ("address", "1")]).await.to();
    assert!(browser.open("/people/bans").await.has("including the address"));
    let page = browser.open(&page_of(&ann)).await;
    assert!(page.has("Banned until: ") && page.has("Reason: again"), "{}", page.html);
    server.stop().await;
}
