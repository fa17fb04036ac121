//! Frames: how tests build and read them, over any transport.

use parlor_protocol::{ClientFrame, CommandId, Cursor, Event, RoomId, Seq, ServerFrame};
use uuid::Uuid;

pub fn message(id: CommandId, body: &str) -> ClientFrame {
    ClientFrame::Send { id, room: RoomId::lobby(), body: body.into(), reply_to: None }
}

pub fn message_to(room: &RoomId, body: &str) -> ClientFrame {
    ClientFrame::Send { id: CommandId(Uuid::now_v7()), room: room.clone(), body: body.into(), reply_to: None }
}

pub fn join(room: &RoomId, after: Option<Seq>) -> ClientFrame {
    ClientFrame::Join(Cursor { room: room.clone(), after, tail: None })
}

/// A client that receives frames.
pub trait FrameReader {
    /// The next frame; `None` if the connection has ended.
    async fn next_or_none(&mut self) -> Option<ServerFrame>;

    async fn next(&mut self) -> ServerFrame {
        self.next_or_none().await.expect("a frame")
    }

    /// Skips frames until `select` returns a value.
    async fn until<T>(&mut self, mut select: impl FnMut(&ServerFrame) -> Option<T>) -> T {
        loop {
            if let Some(found) = select(&self.next().await) {
                return found;
            }
        }
    }

    /// The next event, with no gap before it.
    async fn event(&mut self) -> Event {
        self.until(|frame| match frame {
            ServerFrame::Event(event) => Some(event.clone()),
            ServerFrame::Gap { .. } => panic!("{frame:?}"),
            _ => None,
        })
        .await
    }
}
