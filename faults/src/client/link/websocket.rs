//! Frames over WebSocket.

use futures::{SinkExt, StreamExt};
use parlor_protocol::{ClientFrame, SUBPROTOCOL};
use tokio::{net::TcpSocket, sync::mpsc, task::JoinSet};
use tokio_tungstenite::{
    client_async,
    tungstenite::{
        Message,
        client::IntoClientRequest,
        http::{HeaderValue, header},
    },
};

use super::{HEARD_AHEAD, Heard, Link, hello, read};
use crate::client::session::Session;

/// Small, so that a client that does not read is soon felt.
const SOCKET_BUFFER: u32 = 16 * 1024;

pub(super) async fn open(session: &Session) -> anyhow::Result<Link> {
    let address = session.config.address;
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{address}/live/ws").into_client_request()?;
    let bearer = HeaderValue::from_str(&format!("Bearer {}", session.config.made.token))?;
    request.headers_mut().insert(header::AUTHORIZATION, bearer);
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    let (mut socket, _) = client_async(request, stream).await?;
    socket.send(Message::text(hello(session).encode())).await?;
    let (mut sink, mut source) = socket.split();
    let (hear, heard) = mpsc::channel(HEARD_AHEAD);
    let (say, mut said) = mpsc::unbounded_channel::<Vec<ClientFrame>>();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Some(Ok(message)) = source.next().await {
            let heard = match message {
                Message::Text(text) => read(&text),
                Message::Close(_) => break,
                _ => Heard::Sign,
            };
            if hear.send(heard).await.is_err() {
                break;
            }
        }
    });
    tasks.spawn(async move {
        while let Some(frames) = said.recv().await {
            for frame in frames {
                // The reader sees the end, too; it may have frames before it.
                if sink.send(Message::text(frame.encode())).await.is_err() {
                    return;
                }
            }
        }
    });
    Ok(Link { heard, say, _tasks: tasks })
}
