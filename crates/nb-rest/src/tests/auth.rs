//! Who is let in: passwords, hashes, tokens, groups.

use std::time::Duration;

use ligato_infra::config::{ConfigDuration, Secret, Section};

use super::{Answer, Server, start};
use crate::{HttpConf, UserConf};

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

fn user(name: &str, password: &str, permissions: &[&str]) -> UserConf {
    let permissions = permissions.iter().map(|&group| group.to_owned()).collect();
    UserConf { name: name.to_owned(), password: secret(password), permissions }
}

fn with_tokens(conf: &mut HttpConf) {
    conf.enable_token_auth = true;
    let hash = bcrypt::hash("secret", 4).unwrap();
    conf.users = vec![
        user("ann", &hash, &["admin"]),
        user("bob", "plain", &["nbConfigRead", "info"]),
        user("eve", "nothing", &[]),
    ];
}

impl Server {
    async fn log_in(&self, user: &str, password: &str) -> Answer {
        let body = serde_json::json!({ "username": user, "password": password }).to_string();
        self.ask("POST /auth/login", "", &body).await
    }

    async fn token(&self, user: &str, password: &str) -> String {
        let answer = self.log_in(user, password).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        format!("Authorization: Bearer {}\r\n", answer.body)
    }

    async fn status(&self, request: &str, headers: &str) -> u16 {
        self.ask(request, headers, "").await.status
    }
}

#[tokio::test]
async fn without_a_token_nothing_is_open() {
    let server = start(with_tokens).await;
    for request in ["GET /", "GET /metrics", "PUT /configuration", "GET /readiness"] {
        let answer = server.ask(request, "", "").await;
        assert_eq!(answer.status, 401, "{request}");
        assert!(answer.head.contains("www-authenticate: bearer"), "{request}");
    }
    for header in ["Bearer x.y.z", "Bearer", "Basic YW5uOnNlY3JldA==", "Bearer ..", ""] {
        let header = format!("Authorization: {header}\r\n");
        assert_eq!(server.status("GET /configuration", &header).await, 401, "{header}");
    }
    for (user, password) in [("ann", "wrong"), ("ann", ""), ("nobody", "secret"), ("", "")] {
        assert_eq!(server.log_in(user, password).await.status, 401, "{user}");
    }
    // The original's account is not there.
    assert_eq!(server.log_in("admin", "ligato123").await.status, 401);
    assert_eq!(server.ask("POST /auth/login", "", "{\"username\":1}").await.status, 400);
    assert_eq!(server.ask("POST /auth/login", "", &"x".repeat(20_000)).await.status, 413);
    assert!(server.ask("GET /auth/login", "", "").await.body.contains("<form"));
    // The gates stand before what exists only.
    assert_eq!(server.status("GET /nowhere", "").await, 404);
}

#[tokio::test]
async fn probes_are_open_where_that_is_configured_and_nothing_else_is() {
    let server = start(|conf| {
        with_tokens(conf);
        conf.open_probes = true;
    })
    .await;
    assert_eq!(server.status("GET /liveness", "").await, 200);
    assert_ne!(server.status("GET /readiness", "").await, 401);
    for request in ["GET /metrics", "GET /log/list", "PUT /liveness/x", "GET /"] {
        assert!(matches!(server.status(request, "").await, 401 | 404), "{request}");
    }
    let basic = start(|conf| {
        conf.client_basic_auth = vec![secret("ann:secret")];
        conf.open_probes = true;
    })
    .await;
    assert_eq!(basic.status("GET /liveness", "").await, 200);
    assert_eq!(basic.status("GET /metrics", "").await, 401);
}

#[tokio::test]
async fn a_token_opens_what_the_groups_of_its_user_list() {
    let server = start(with_tokens).await;
    let (ann, bob) = (server.token("ann", "secret").await, server.token("bob", "plain").await);
    let eve = server.token("eve", "nothing").await;
    for (request, of_ann, of_bob, of_eve) in [
        ("GET /", 200, 200, 403),
        ("GET /configuration", 200, 200, 403),
        ("HEAD /configuration", 200, 200, 403),
        ("PUT /configuration", 200, 403, 403),
        ("GET /info/version", 200, 200, 403),
        ("GET /log/list", 200, 403, 403),
        ("PUT /log/grpc/debug", 200, 403, 403),
    ] {
        assert_eq!(server.status(request, &ann).await, of_ann, "ann {request}");
        assert_eq!(server.status(request, &bob).await, of_bob, "bob {request}");
        assert_eq!(server.status(request, &eve).await, of_eve, "eve {request}");
    }
    let answer = server.ask("GET /configuration", &bob, "").await;
    assert!(answer.head.contains("x-ligato-auth-username: bob"), "{}", answer.head);
}

#[tokio::test]
async fn who_logged_out_needs_a_new_token() {
    let server = start(with_tokens).await;
    let (ann, bob) = (server.token("ann", "secret").await, server.token("bob", "plain").await);
    let of = |name: &str| format!("{{\"username\":\"{name}\"}}");
    assert_eq!(server.ask("POST /auth/logout", "", &of("bob")).await.status, 401, "by nobody");
    assert_eq!(server.ask("POST /auth/logout", &bob, &of("ann")).await.status, 403, "of another");
    assert_eq!(server.ask("POST /auth/logout", &bob, "bob").await.status, 400);
    assert_eq!(server.status("GET /configuration", &bob).await, 200);
    assert_eq!(server.ask("POST /auth/logout", &bob, &of("bob")).await.status, 200);
    assert_eq!(server.status("GET /configuration", &bob).await, 401);
    let again = server.token("bob", "plain").await;
    assert_eq!(server.status("GET /configuration", &again).await, 200);
    assert_eq!(server.status("GET /configuration", &bob).await, 401, "the old one stays refused");
    assert_eq!(server.ask("POST /auth/logout", &ann, &of("bob")).await.status, 200);
    assert_eq!(server.status("GET /configuration", &again).await, 401);
}

#[tokio::test]
async fn browsers_get_a_cookie() {
    let server = start(with_tokens).await;
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let wrong = server.ask("POST /auth/authenticate", form, "username=ann&password=x").await;
    assert_eq!(wrong.status, 401);
    let answer = server.ask("POST /auth/authenticate", form, "username=ann&password=secret").await;
    assert_eq!(answer.status, 301);
    assert!(answer.head.contains("location: /"), "{}", answer.head);
    assert!(answer.head.contains("max-age=3600; httponly; samesite=strict"), "{}", answer.head);
    let login = server.log_in("ann", "secret").await.body;
    let cookie = format!("Cookie: a=b; ligato-rest-auth={login}\r\n");
    assert_eq!(server.status("GET /log/list", &cookie).await, 200);
}

#[tokio::test]
async fn passwords_may_be_hashes() {
    let hash = bcrypt::hash("secret", 4).unwrap();
    let server = start(|conf| {
        conf.client_basic_auth = vec![secret(&format!("ann:{hash}")), secret("bob:plain")];
    })
    .await;
    let header = |pair: &str| {
        use base64::{Engine, prelude::BASE64_STANDARD};
        format!("Authorization: Basic {}\r\n", BASE64_STANDARD.encode(pair))
    };
    for _ in 0..2 {
        // The second time it is remembered.
        assert_eq!(server.status("GET /log/list", &header("ann:secret")).await, 200);
    }
    assert_eq!(server.status("GET /log/list", &header("bob:plain")).await, 200);
    for wrong in ["ann:wrong", "bob:secret", "eve:secret", &format!("ann:{hash}"), "ann:", ":"] {
        assert_eq!(server.status("GET /log/list", &header(wrong)).await, 401, "{wrong}");
    }
}

#[test]
fn what_would_leave_a_gap_is_no_configuration() {
    let complaint = |change: &dyn Fn(&mut HttpConf)| {
        let mut conf = HttpConf::default();
        change(&mut conf);
        let found = conf.violations();
        found.iter().map(|v| format!("{}: {}", v.key, v.reason)).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(complaint(&with_tokens), "");
    let tokens = |change: fn(&mut HttpConf)| {
        complaint(&move |conf| {
            with_tokens(conf);
            change(conf);
        })
    };
    for (found, part) in [
        (tokens(|conf| conf.users.clear()), "users: token authentication needs at least one"),
        (tokens(|conf| conf.enable_token_auth = false), "users: users need enable-token-auth"),
        (tokens(|conf| conf.sign_key = secret("secret")), "sign-key: must have at least 32"),
        (tokens(|conf| conf.users.push(user("ann", "x", &[]))), "users: ann is listed twice"),
        (tokens(|conf| conf.users.push(user("joe", "", &[]))), "users: a user needs a name"),
        (tokens(|conf| conf.users.push(user("joe", "x", &["root"]))), "group \"root\""),
        (tokens(|conf| conf.users.push(user("joe", "$2b$10$x", &[]))), "password of joe begins"),
        (
            tokens(|conf| conf.token_expiration = ConfigDuration(Duration::ZERO)),
            "token-expiration: must be greater",
        ),
        (
            complaint(&|conf| conf.client_basic_auth = vec![secret("ann")]),
            "client-basic-auth: each",
        ),
        (
            complaint(&|conf| conf.client_basic_auth = vec![secret("ann:")]),
            "client-basic-auth: each",
        ),
        (complaint(&|conf| conf.client_basic_auth = vec![secret("a:$2b$")]), "begins as a hash"),
    ] {
        assert!(found.contains(part), "{found}");
        assert!(!found.contains("$2b$10$x"), "no password is shown: {found}");
    }
}
