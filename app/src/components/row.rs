//! A row of the timeline: a message, a day separator, a notice, or the line above unread messages.

use leptos::{
    either::{Either, EitherOf4},
    prelude::*,
};

use super::{
    icons::{ARRIVED, Icon, LEFT},
    message::{MessageView, timestamp},
};
use crate::{
    i18n::{I18n, Key, Segment},
    live::{client::Client, notices::NoticeKind, rows::Row, view::RowItem},
};

#[component]
pub fn RowView(item: RowItem) -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let row = item.row;
    // The kind of a row follows from its key and never changes.
    match row.get_untracked() {
        Row::Message(_) => EitherOf4::A(view! { <MessageView row /> }),
        Row::Day(day) => EitherOf4::B(view! {
            <h2 class="day" data-testid="day" data-row="">
                <span class="day-name">{move || client.zone.get().day_label(day, client.today.get(), i18n)}</span>
            </h2>
        }),
        Row::UnreadMarker => EitherOf4::C(view! {
            <p class="new-line" data-testid="new-line" data-row="">
                <span>{i18n.t(Key::NewMessagesDivider)}</span>
            </p>
        }),
        Row::Notice { kind, .. } => EitherOf4::D(view! { <NoticeView kind row /> }),
    }
}

/// What happened to the room or its members.
#[component]
fn NoticeView(kind: NoticeKind, row: ArcRwSignal<Row>) -> impl IntoView {
    let client = expect_context::<Client>();
    let (icon, class) = match kind {
        NoticeKind::UserOnline | NoticeKind::MemberJoined | NoticeKind::MemberAdded => (Some(ARRIVED), "notice joined"),
        NoticeKind::UserOffline | NoticeKind::MemberLeft | NoticeKind::MemberRemoved => (Some(LEFT), "notice left"),
        NoticeKind::ModeratorAdded
        | NoticeKind::OwnerChanged
        | NoticeKind::ModeratorRemoved
        | NoticeKind::RoomRenamed
        | NoticeKind::TopicChanged
        | NoticeKind::TopicRemoved
        | NoticeKind::RoomArchived
        | NoticeKind::RoomUnarchived => (None, "notice"),
    };
    let content = move |row: &Row| match row {
        Row::Notice { kind, names, by, at } => Some(
            view! {
                <span class="notice-text">{sentence(client.i18n, *kind, names, by)}</span>
                <span class="soft">{timestamp(*at, client)}</span>
            }
            .into_any(),
        ),
        Row::Message(_) | Row::Day(_) | Row::UnreadMarker => None,
    };
    view! {
        <p class=class data-testid="notice" data-row="">
            {icon.map(|path| view! { <Icon path /> })}
            {move || content(&row.read())}
        </p>
    }
}

/// The text of a notice with its names marked up.
fn sentence(i18n: I18n, kind: NoticeKind, names: &str, by: &str) -> impl IntoView + use<> {
    let segment = |segment| match segment {
        Segment::Text(text) => Either::Left(text),
        Segment::Placeholder(name) => {
            let name = if name == "by" { by } else { names }.to_owned();
            Either::Right(view! { <span class="notice-names">{name}</span> })
        }
    };
    i18n.segments(kind.text()).into_iter().map(segment).collect_view()
}
