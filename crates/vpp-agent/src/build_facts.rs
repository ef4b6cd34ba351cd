//! What this program is: version, revision, builder and date, as far as they were given when it was built.

use std::time::UNIX_EPOCH;

use ligato_infra::health::BuildFacts;
use ligato_nb_rest::VersionInfo;

const VERSION: &str = concat!("v", env!("CARGO_PKG_VERSION"));
/// Set these when building a release.
const REVISION: Option<&str> = option_env!("LIGATO_REVISION");
const BRANCH: Option<&str> = option_env!("LIGATO_BRANCH");
const BUILD_USER: Option<&str> = option_env!("LIGATO_BUILD_USER");
const BUILD_HOST: Option<&str> = option_env!("LIGATO_BUILD_HOST");
const BUILD_DATE: Option<&str> = option_env!("LIGATO_BUILD_DATE");

/// Name of the program.
pub(crate) const PROGRAM: &str = "vpp-agent";

pub(crate) fn version() -> &'static str {
    VERSION
}

/// `vpp-agent v0.1.0 (abc1234) built by user@host on date`, with what is not known left out.
pub(crate) fn full_version() -> String {
    let revision = REVISION.map(|revision| format!(" ({revision})")).unwrap_or_default();
    let builder = match (BUILD_USER, BUILD_HOST) {
        (Some(user), Some(host)) => format!(" built by {user}@{host}"),
        _ => String::new(),
    };
    let date = BUILD_DATE.map(|date| format!(" on {date}")).unwrap_or_default();
    format!("{PROGRAM} {VERSION}{revision}{builder}{date}")
}

pub(crate) fn facts() -> BuildFacts {
    BuildFacts {
        version: VERSION.to_owned(),
        date: BUILD_DATE.unwrap_or_default().to_owned(),
        commit: REVISION.unwrap_or_default().to_owned(),
    }
}

/// The answer of `/info/version`. Without a date the time of the program file stands in.
pub(crate) fn version_info() -> VersionInfo {
    let text = |given: Option<&str>| given.unwrap_or_default().to_owned();
    VersionInfo {
        app: PROGRAM.to_owned(),
        version: VERSION.to_owned(),
        git_commit: text(REVISION),
        git_branch: text(BRANCH),
        build_user: text(BUILD_USER),
        build_host: text(BUILD_HOST),
        build_time: file_time().unwrap_or_default(),
        go_version: "rust".to_owned(),
        os: std::env::consts::OS.to_owned(),
        arch: match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        }
        .to_owned(),
        api_version: String::new(),
        os_type: String::new(),
    }
}

fn file_time() -> Option<i64> {
    let modified = std::env::current_exe().ok()?.metadata().ok()?.modified().ok()?;
    i64::try_from(modified.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()
}
