//! How often: one token bucket for each user, or for each address of those without a name.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use ligato_infra::clock::SharedClock;

use super::access::{Peer, User};

/// How many clients are remembered; full buckets are forgotten when there are more.
const MAX_CLIENTS: usize = 10_000;

/// Who a bucket belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Client {
    User(String),
    Address(IpAddr),
    Unknown,
}

/// Counts the requests of each client.
#[derive(Clone, Debug)]
pub(crate) struct Limiter {
    clock: SharedClock,
    per_second: f64,
    burst: u32,
    buckets: Arc<Mutex<HashMap<Client, Bucket>>>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Duration,
}

impl Limiter {
    pub(crate) fn new(per_second: f64, burst: u32, clock: SharedClock) -> Self {
        Self { clock, per_second, burst, buckets: Arc::default() }
    }

    /// Takes a token, or says how long to wait for one.
    fn take(&self, client: Client) -> Result<(), Duration> {
        let now = self.clock.elapsed();
        let full = f64::from(self.burst);
        let level = |bucket: &Bucket| {
            let gained = now.saturating_sub(bucket.filled).as_secs_f64() * self.per_second;
            (bucket.tokens + gained).min(full)
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_CLIENTS {
            buckets.retain(|_, bucket| level(bucket) < full);
        }
        let bucket = buckets.entry(client).or_insert(Bucket { tokens: full, filled: now });
        let tokens = level(bucket);
        bucket.filled = now;
        if tokens >= 1.0 {
            bucket.tokens = tokens - 1.0;
            Ok(())
        } else {
            bucket.tokens = tokens;
            Err(Duration::from_secs_f64((1.0 - tokens) / self.per_second))
        }
    }
}

/// Lets a request through, or answers 429.
pub(crate) async fn check_rate(
    State(limiter): State<Limiter>,
    request: Request,
    next: Next,
) -> Response {
    let user = request.extensions().get::<User>().map(|user| Client::User(user.0.clone()));
    let peer = request.extensions().get::<Peer>().map(|peer| Client::Address(peer.0.ip()));
    let client = user.or(peer).unwrap_or(Client::Unknown);
    let (mut response, wait) = match limiter.take(client) {
        Ok(()) => (next.run(request).await, None),
        Err(wait) => {
            let refused = (StatusCode::TOO_MANY_REQUESTS, "rate limit exceeded\n").into_response();
            (refused, Some(format!("{wait:?}")))
        }
    };
    let headers = [
        ("x-ligato-ratelimiter-limit", Some(limiter.per_second.to_string())),
        ("x-ligato-ratelimiter-maxburst", Some(limiter.burst.to_string())),
        ("x-ligato-ratelimiter-waitdelay", wait),
    ];
    for (name, value) in headers {
        if let Some(value) = value.and_then(|text| HeaderValue::try_from(text).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use ligato_infra::clock::ManualClock;

    use super::*;

    #[test]
    fn a_bucket_refills_with_time_and_is_its_clients_own() {
        let clock = Arc::new(ManualClock::default());
        let limiter = Limiter::new(2.0, 2, clock.clone());
        let ann = || limiter.take(Client::User("ann".into()));
        assert_eq!((ann(), ann()), (Ok(()), Ok(())));
        assert_eq!(ann(), Err(Duration::from_millis(500)));
        assert_eq!(limiter.take(Client::Unknown), Ok(()));
        clock.advance(Duration::from_millis(500));
        assert_eq!(ann(), Ok(()));
        assert!(ann().is_err());
    }
}
