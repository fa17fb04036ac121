//! Runs the connection of one gateway client, whatever its format. One task each: input is handled in its order, and output
//! is sent in the order of the session.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use parlor_protocol::{ClientFrame, CloseCode, RoomId, ServerFrame};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    backlog::{Backlog, BacklogItem},
    participant::Participant,
    translate::{Effect, Notice, NoticeKind, Translator},
};
use crate::{
    clock,
    connection::{Disconnect, Frame},
    session::Session,
    websocket::frame,
};

/// Time for the client to take the last messages.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) enum ConnectionEnd {
    ByServer(Disconnect),
    /// The client may no longer be in its room.
    RemovedFromRoom,
    /// The client closed the connection or violated its protocol: the close code of the response, if any.
    Closed(Option<u16>),
    /// The client went without a close frame, or takes nothing.
    Gone,
}

#[derive(Debug)]
pub(super) struct ClientGone;

impl From<ClientGone> for ConnectionEnd {
    fn from(_: ClientGone) -> Self {
        Self::Gone
    }
}

/// Reads and handles the client's input.
pub(super) trait ClientReader {
    type Input;

    /// The next input. Cancellation safe.
    ///
    /// # Errors
    /// There is no more.
    async fn next(&mut self, session: &Session) -> Result<Self::Input, ConnectionEnd>;

    /// Handles an input. Returns a new participant when a guest without a name has given one.
    async fn handle(
        &mut self,
        input: Self::Input,
        participant: &Participant,
        session: &Session,
    ) -> Result<Option<Participant>, ClientGone>;
}

/// Writes to the client. Each function waits until the client's socket has taken the output.
pub(super) trait ClientWriter {
    /// Writes a frame that this client gets as it is. Returns the frame if it must also be translated into notices.
    async fn frame(&mut self, frame: ServerFrame, participant: &Participant)
    -> Result<Option<ServerFrame>, ClientGone>;

    async fn notice(&mut self, notice: &Notice) -> Result<(), ClientGone>;

    /// Announces the end of the connection.
    async fn bye(&mut self, disconnect: Disconnect) -> Result<(), ClientGone>;

    async fn ping(&mut self, session: &Session) -> Result<(), ClientGone>;

    /// Answers a ping of the client, in formats that have pings.
    async fn pong(&mut self, payload: &[u8]) -> Result<(), ClientGone>;
}

/// Signals about a client from outside its input.
#[derive(Clone, Default)]
pub(super) struct ClientSignals {
    pub(super) gone: CancellationToken,
    /// Its unread input exceeds the limit.
    pub(super) flooded: CancellationToken,
}

/// Why the connection stops using a session.
enum SessionEnd {
    Closed(ConnectionEnd),
    /// The user's identity has changed: continue with a new session.
    IdentityChanged,
    /// A guest has given a name: continue as this participant.
    Named(Box<Participant>),
}

/// A request of the writing half to the reading half, which alone sends frames to the session.
enum SessionRequest {
    Send(ClientFrame),
    Listen(RoomId),
}

/// Runs a connection to its end. Afterwards the participant has left.
pub(super) async fn run<R: ClientReader, W: ClientWriter>(
    mut participant: Participant,
    reader: &mut R,
    writer: &mut W,
    signals: &ClientSignals,
) -> ConnectionEnd {
    let mut translator = Translator::new(&participant.caller.user, participant.room.clone());
    let mut session = participant.connect(Vec::new()).await;
    let end = loop {
        let session_end = run_session(&participant, &session, reader, writer, &mut translator, signals);
        let gone = SessionEnd::Closed(ConnectionEnd::Gone);
        match signals.gone.run_until_cancelled(session_end).await.unwrap_or(gone) {
            SessionEnd::Named(successor) => {
                session = participant.replace_with(*successor, session, &mut translator).await;
            }
            SessionEnd::IdentityChanged => match participant.renew_session(&mut translator).await {
                Ok(renewed) => session = renewed,
                Err(disconnect) => break ConnectionEnd::ByServer(disconnect),
            },
            SessionEnd::Closed(end) => break end,
        }
    };
    // The others see at once that the participant has left, while the socket is still being closed.
    participant.leave(Some(session)).await;
    end
}

/// Reads and writes concurrently until the session ends.
async fn run_session<R: ClientReader, W: ClientWriter>(
    participant: &Participant,
    session: &Session,
    reader: &mut R,
    writer: &mut W,
    translator: &mut Translator,
    signals: &ClientSignals,
) -> SessionEnd {
    let (requests, mut received_requests) = mpsc::unbounded_channel();
    let (stop, queue) = (CancellationToken::new(), &session.connection().queue);
    let mut writing = pin!(write(writer, participant, session, translator, &requests, &stop));
    let end = tokio::select! {
        biased;
        end = &mut writing => return end,
        end = read(reader, participant, session, &mut received_requests) => end,
        () = async { signals.flooded.cancelled().await; session.close(CloseCode::Flooding); std::future::pending().await } => {
            SessionEnd::Closed(ConnectionEnd::Gone)
        }
        // A client that takes nothing any more must not hold its socket.
        () = async { queue.ending().await; tokio::time::sleep(CLOSE_TIMEOUT).await } => {
            return SessionEnd::Closed(ConnectionEnd::Gone);
        }
    };
    if let SessionEnd::Named(successor) = end {
        // The writer completes its message before the successor writes.
        stop.cancel();
        if let Ok(SessionEnd::IdentityChanged) = tokio::time::timeout(CLOSE_TIMEOUT, writing).await {
            return SessionEnd::Named(successor);
        }
        successor.leave(None).await;
        return SessionEnd::Closed(ConnectionEnd::Gone);
    }
    end
}

/// Handles the client's input. When the server ends the session, [`write`] decides; later input is left for the next
/// session.
async fn read<R: ClientReader>(
    reader: &mut R,
    participant: &Participant,
    session: &Session,
    requests: &mut mpsc::UnboundedReceiver<SessionRequest>,
) -> SessionEnd {
    let queue = &session.connection().queue;
    let end = loop {
        let input = tokio::select! {
            biased;
            () = queue.ending() => break ConnectionEnd::Gone,
            Some(request) = requests.recv() => {
                match request {
                    SessionRequest::Send(frame) => session.receive(&frame.encode()).await,
                    SessionRequest::Listen(room) => participant.listen(session, &room).await,
                }
                continue;
            }
            input = reader.next(session) => input,
        };
        session.connection().record_activity(Instant::now());
        let input = match input {
            Ok(input) => input,
            Err(end) => break end,
        };
        // Boxed, so that an idle client does not reserve the memory for every command.
        match Box::pin(reader.handle(input, participant, session)).await {
            Ok(None) => {}
            Ok(Some(successor)) => return SessionEnd::Named(Box::new(successor)),
            Err(ClientGone) => break ConnectionEnd::Gone,
        }
    };
    if matches!(end, ConnectionEnd::Gone) && queue.is_ending() {
        std::future::pending::<()>().await;
    }
    SessionEnd::Closed(end)
}

/// Writes the session's output until its end, or until `stop`: then it returns [`SessionEnd::IdentityChanged`].
async fn write<W: ClientWriter>(
    writer: &mut W,
    participant: &Participant,
    session: &Session,
    translator: &mut Translator,
    requests: &mpsc::UnboundedSender<SessionRequest>,
    stop: &CancellationToken,
) -> SessionEnd {
    let backlog = Backlog::default();
    let writing = async {
        loop {
            let Some(item) = stop.run_until_cancelled(backlog.next()).await else { return SessionEnd::IdentityChanged };
            let written = match item {
                BacklogItem::Frame(Frame::Events { batch, skip }) => {
                    let mut written = Ok(());
                    for event in batch.events_after(skip) {
                        written = write_frame(event.json, writer, participant, translator, requests).await;
                        if written.is_err() || stop.is_cancelled() {
                            break;
                        }
                    }
                    written
                }
                BacklogItem::Frame(Frame::One(frame)) => {
                    write_frame(frame.json(), writer, participant, translator, requests).await
                }
                // The only control frame from a session is the answer to a ping.
                BacklogItem::Frame(Frame::Control(bytes)) => {
                    writer.pong(frame::payload(&bytes)).await.map_err(ConnectionEnd::from)
                }
                BacklogItem::Frame(Frame::Static(_)) => Ok(()),
                BacklogItem::Ping => writer.ping(session).await.map_err(ConnectionEnd::from),
                BacklogItem::Disconnect(disconnect) if disconnect.code == CloseCode::IdentityChanged => {
                    return SessionEnd::IdentityChanged;
                }
                BacklogItem::Disconnect(disconnect) => Err(writer
                    .bye(disconnect)
                    .await
                    .map_or_else(ConnectionEnd::from, |()| ConnectionEnd::ByServer(disconnect))),
            };
            if let Err(end) = written {
                return SessionEnd::Closed(end);
            }
            if stop.is_cancelled() {
                return SessionEnd::IdentityChanged;
            }
        }
    };
    tokio::select! {
        biased;
        end = writing => end,
        () = backlog.fill(session) => SessionEnd::Closed(ConnectionEnd::Gone),
    }
}

async fn write_frame<W: ClientWriter>(
    json: &[u8],
    writer: &mut W,
    participant: &Participant,
    translator: &mut Translator,
    requests: &mpsc::UnboundedSender<SessionRequest>,
) -> Result<(), ConnectionEnd> {
    // The server encoded it, so it can be decoded.
    let frame = serde_json::from_slice(json).unwrap_or(ServerFrame::Unknown);
    let mut refused_text = participant.pending_texts.resolve(&frame);
    let Some(frame) = writer.frame(frame, participant).await? else { return Ok(()) };
    for effect in translator.translate(frame) {
        match effect {
            Effect::Notify(mut notice) => {
                if let NoticeKind::Error { text, .. } = &mut notice.kind {
                    *text = refused_text.take();
                }
                writer.notice(&notice).await?;
            }
            // The reading half lives as long as this one.
            Effect::SendFrame(frame) => {
                drop(requests.send(SessionRequest::Send(frame)));
                // Its pong shows that the frame was handled.
                drop(requests.send(SessionRequest::Send(ClientFrame::Ping { at: 0 })));
            }
            Effect::Listen(room) => drop(requests.send(SessionRequest::Listen(room))),
            Effect::Removed => {
                let (code, message) = ("removed".into(), "You were removed from this room.".into());
                let kind = NoticeKind::Error { code, message, text: None };
                writer.notice(&Notice { at: clock::now(), kind }).await?;
                return Err(ConnectionEnd::RemovedFromRoom);
            }
        }
    }
    Ok(())
}
