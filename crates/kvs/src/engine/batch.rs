//! Operations under way together: started in order, each answered as its own result comes.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use ligato_kvs_api::{Metadata, OpError, OpFuture};
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep},
};

use crate::core::CallId;

/// How long an answer out of order may go unnoticed.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// One result, and how long it took.
pub(super) struct Operated {
    pub(super) call: CallId,
    pub(super) result: Result<Option<Metadata>, OpError>,
    pub(super) took: Duration,
}

/// Operations that have not been answered. Ends when all are, or at the deadline.
pub(super) struct Batch {
    open: Vec<Option<Under>>,
    /// All before are answered.
    front: usize,
    started: Instant,
    limit: Duration,
    /// Goes off at the deadline, or before when others than the front have not been looked at.
    timer: Pin<Box<Sleep>>,
    results: mpsc::UnboundedSender<Operated>,
}

struct Under {
    call: CallId,
    future: OpFuture<Option<Metadata>>,
}

impl Batch {
    /// Operations, in order. The deadline counts from now.
    pub(super) fn new(
        operations: Vec<(CallId, OpFuture<Option<Metadata>>)>,
        limit: Duration,
        results: mpsc::UnboundedSender<Operated>,
    ) -> Self {
        let started = Instant::now();
        let open = operations.into_iter().map(|(call, future)| Some(Under { call, future }));
        let timer = Box::pin(tokio::time::sleep_until(started + limit));
        Self { open: open.collect(), front: 0, started, limit, timer, results }
    }

    /// Polls one; says whether it was answered now.
    fn look_at(&mut self, at: usize, context: &mut Context<'_>) -> bool {
        let Some(place) = self.open.get_mut(at) else { return false };
        let Some(under) = place else { return false };
        let Poll::Ready(result) = under.future.as_mut().poll(context) else { return false };
        let operated = Operated { call: under.call, result, took: self.started.elapsed() };
        *place = None;
        // Without a receiver nobody waits for it any more.
        let _ = self.results.send(operated);
        true
    }

    fn give_up(&mut self) {
        let text = format!("no answer within {} s", self.limit.as_secs_f32());
        let took = self.started.elapsed();
        for under in self.open.drain(..).flatten() {
            let result = Err(OpError::Unknown(text.clone()));
            let _ = self.results.send(Operated { call: under.call, result, took });
        }
    }

    /// Polls all from a place on; for the first time this sends their requests in order.
    pub(super) fn look_at_all(&mut self, context: &mut Context<'_>) {
        for at in self.front..self.open.len() {
            self.look_at(at, context);
        }
        self.move_front();
    }

    pub(super) fn is_over(&self) -> bool {
        self.front >= self.open.len()
    }

    fn move_front(&mut self) {
        while self.open.get(self.front).is_some_and(Option::is_none) {
            self.front += 1;
        }
    }
}

impl Future for Batch {
    type Output = ();

    /// Southbounds answer in order for the most part: the first one open is asked first, and the
    /// others only if that was not it, or a little later.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let before = self.front;
        let mut at = before;
        while self.look_at(at, context) {
            self.move_front();
            at = self.front;
        }
        let end = self.started + self.limit;
        let next = if self.front == before {
            self.look_at_all(context);
            end
        } else {
            end.min(Instant::now() + LOOK_AGAIN)
        };
        self.timer.as_mut().reset(next);
        while self.front < self.open.len() && self.timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= end {
                self.give_up();
            } else {
                self.look_at_all(context);
                self.timer.as_mut().reset(end);
            }
        }
        if self.is_over() { Poll::Ready(()) } else { Poll::Pending }
    }
}
