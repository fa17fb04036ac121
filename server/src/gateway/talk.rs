//! One who takes part, from coming to going, in whichever words their client speaks. One task for each: all that is said
//! is taken in its order, and all that is told goes out in the order of the session.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use parlor_protocol::{ClientFrame, CloseCode, RoomId, ServerFrame};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    backlog::{Backlog, Item},
    participant::Participant,
    translate::{Said, Todo, Translator, What},
};
use crate::{
    clock,
    connection::{Bye, Frame},
    session::Session,
    websocket::frame,
};

/// Time for the last messages, and for the client to take them.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// How someone's part came to its end.
pub(super) enum End {
    /// We said so.
    Bye(Bye),
    /// The room is no longer theirs.
    Out,
    /// The client ended it, or did what must not be: the code that it is answered with, if any.
    Closed(Option<u16>),
    /// The client has gone without a word, or takes nothing.
    Gone,
}

/// The client has gone.
#[derive(Debug)]
pub(super) struct Gone;

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// The half of a client that speaks.
pub(super) trait Hear {
    /// Something that it says.
    type Said;

    /// The next thing. Dropped while it waits, it has taken nothing.
    ///
    /// # Errors
    /// Nothing more comes.
    async fn next(&mut self, session: &Session) -> Result<Self::Said, End>;

    /// Does what was said. A guest who had no name may come out of it with one.
    ///
    /// # Errors
    /// Nobody is there to be answered.
    async fn take(
        &mut self,
        said: Self::Said,
        participant: &Participant,
        session: &Session,
    ) -> Result<Option<Participant>, Gone>;
}

/// The half of a client that is told. Each of these waits until the client's socket has taken it.
///
/// # Errors
/// The client has gone.
pub(super) trait Tell {
    /// Tells what this client is told as it is, and gives back what is to be put into words.
    async fn frame(&mut self, frame: ServerFrame, participant: &Participant) -> Result<Option<ServerFrame>, Gone>;

    /// Tells something in words.
    async fn say(&mut self, said: &Said) -> Result<(), Gone>;

    /// Tells that the connection ends.
    async fn bye(&mut self, bye: Bye) -> Result<(), Gone>;

    /// Asks for a sign of life.
    async fn ping(&mut self, session: &Session) -> Result<(), Gone>;

    /// Gives a sign of life, where one was asked for in a way of its own.
    async fn pong(&mut self, payload: &[u8]) -> Result<(), Gone>;
}

/// What happens to a client beside what it says.
#[derive(Clone, Default)]
pub(super) struct Signs {
    /// It has gone.
    pub(super) gone: CancellationToken,
    /// It has said more than anyone can take.
    pub(super) flooded: CancellationToken,
}

/// How one session of theirs came to its end.
enum Turn {
    /// And so has their part.
    Over(End),
    /// Who they are has changed.
    Renewed,
    /// A guest has a name from now on.
    Named(Box<Participant>),
}

/// What the telling side asks of the hearing one, which alone speaks to the session.
enum Errand {
    Say(ClientFrame),
    Listen(RoomId),
}

/// Runs someone's part. At its end they have left.
pub(super) async fn run<H: Hear, T: Tell>(
    mut participant: Participant,
    hearing: &mut H,
    telling: &mut T,
    signs: &Signs,
) -> End {
    let mut translator = Translator::new(&participant.who.user, participant.room.clone());
    let mut session = participant.connect(Vec::new()).await;
    let end = loop {
        let turn = talk(&participant, &session, hearing, telling, &mut translator, signs);
        match signs.gone.run_until_cancelled(turn).await.unwrap_or(Turn::Over(End::Gone)) {
            Turn::Named(successor) => {
                session = participant.succeeded_by(*successor, session, &mut translator).await;
            }
            Turn::Renewed => match participant.renewed(&mut translator).await {
                Ok(renewed) => session = renewed,
                Err(bye) => break End::Bye(bye),
            },
            Turn::Over(end) => break end,
        }
    };
    // Others see at once that they have gone, while the socket still fades.
    participant.leave(Some(session)).await;
    end
}

/// Hears and tells at the same time, until there is an end to this session.
async fn talk<H: Hear, T: Tell>(
    participant: &Participant,
    session: &Session,
    hearing: &mut H,
    telling: &mut T,
    translator: &mut Translator,
    signs: &Signs,
) -> Turn {
    let (errands, mut asked) = mpsc::unbounded_channel();
    let (next, queue) = (CancellationToken::new(), &session.connection().queue);
    let mut telling = pin!(tell(telling, participant, session, translator, &errands, &next));
    let turn = tokio::select! {
        biased;
        turn = &mut telling => return turn,
        turn = hear(hearing, participant, session, &mut asked) => turn,
        () = async { signs.flooded.cancelled().await; session.close(CloseCode::Flooding); std::future::pending().await } => {
            Turn::Over(End::Gone)
        }
        // A client that takes nothing any more holds nothing.
        () = async { queue.ending().await; tokio::time::sleep(CLOSE_TIMEOUT).await } => return Turn::Over(End::Gone),
    };
    if let Turn::Named(successor) = turn {
        // Whoever goes on tells whole messages.
        next.cancel();
        if let Ok(Turn::Renewed) = tokio::time::timeout(CLOSE_TIMEOUT, telling).await {
            return Turn::Named(successor);
        }
        successor.leave(None).await;
        return Turn::Over(End::Gone);
    }
    turn
}

/// Takes what the client says. When it is the server that ends the session, the telling side decides; what comes then is
/// left for whoever goes on.
async fn hear<H: Hear>(
    hearing: &mut H,
    participant: &Participant,
    session: &Session,
    asked: &mut mpsc::UnboundedReceiver<Errand>,
) -> Turn {
    let queue = &session.connection().queue;
    let end = loop {
        let said = tokio::select! {
            biased;
            () = queue.ending() => break End::Gone,
            Some(errand) = asked.recv() => {
                match errand {
                    Errand::Say(frame) => session.receive(&frame.encode()).await,
                    Errand::Listen(room) => participant.listen(session, &room).await,
                }
                continue;
            }
            said = hearing.next(session) => said,
        };
        session.connection().hear(Instant::now());
        let said = match said {
            Ok(said) => said,
            Err(end) => break end,
        };
        // Boxed: a client that says nothing does not carry the room for every act with it.
        match Box::pin(hearing.take(said, participant, session)).await {
            Ok(None) => {}
            Ok(Some(successor)) => return Turn::Named(Box::new(successor)),
            Err(Gone) => break End::Gone,
        }
    };
    if matches!(end, End::Gone) && queue.is_ending() {
        std::future::pending::<()>().await;
    }
    Turn::Over(end)
}

/// Tells what the session gives, until its end. When it is another's turn, [`Turn::Renewed`].
async fn tell<T: Tell>(
    telling: &mut T,
    participant: &Participant,
    session: &Session,
    translator: &mut Translator,
    errands: &mpsc::UnboundedSender<Errand>,
    next: &CancellationToken,
) -> Turn {
    let backlog = Backlog::default();
    let telling = async {
        loop {
            let Some(item) = next.run_until_cancelled(backlog.next()).await else { return Turn::Renewed };
            let done = match item {
                Item::Frame(Frame::Events { batch, skip }) => {
                    let mut done = Ok(());
                    for event in batch.events_after(skip) {
                        done = pass_on(event.json, telling, participant, translator, errands).await;
                        if done.is_err() || next.is_cancelled() {
                            break;
                        }
                    }
                    done
                }
                Item::Frame(Frame::One(frame)) => {
                    pass_on(frame.json(), telling, participant, translator, errands).await
                }
                // Pings are asked for, so this answers one.
                Item::Frame(Frame::Control(bytes)) => telling.pong(frame::payload(&bytes)).await.map_err(End::from),
                Item::Frame(Frame::Static(_)) => Ok(()),
                Item::Ping => telling.ping(session).await.map_err(End::from),
                Item::Bye(bye) if bye.code == CloseCode::IdentityChanged => return Turn::Renewed,
                Item::Bye(bye) => Err(telling.bye(bye).await.map_or_else(End::from, |()| End::Bye(bye))),
            };
            if let Err(end) = done {
                return Turn::Over(end);
            }
            if next.is_cancelled() {
                return Turn::Renewed;
            }
        }
    };
    tokio::select! {
        biased;
        turn = telling => turn,
        () = backlog.fill(session) => Turn::Over(End::Gone),
    }
}

async fn pass_on<T: Tell>(
    json: &[u8],
    telling: &mut T,
    participant: &Participant,
    translator: &mut Translator,
    errands: &mpsc::UnboundedSender<Errand>,
) -> Result<(), End> {
    // It is the server's own.
    let frame = serde_json::from_slice(json).unwrap_or(ServerFrame::Unknown);
    let mut refused = participant.unanswered.settle(&frame);
    let Some(frame) = telling.frame(frame, participant).await? else { return Ok(()) };
    for todo in translator.take(frame) {
        match todo {
            Todo::Say(mut said) => {
                if let What::Error { text, .. } = &mut said.what {
                    *text = refused.take();
                }
                telling.say(&said).await?;
            }
            // Whoever hears lives as long.
            Todo::Answer(frame) => {
                drop(errands.send(Errand::Say(frame)));
                // Answered when that has been done.
                drop(errands.send(Errand::Say(ClientFrame::Ping { at: 0 })));
            }
            Todo::Listen(room) => drop(errands.send(Errand::Listen(room))),
            Todo::Out => {
                let (code, message) = ("removed".into(), "this room is no longer yours".into());
                let what = What::Error { code, message, text: None };
                telling.say(&Said { at: clock::now(), what }).await?;
                return Err(End::Out);
            }
        }
    }
    Ok(())
}
