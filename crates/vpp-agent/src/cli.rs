//! The command line: every key of the configuration is a flag. Flags may have one dash or two.

use std::{collections::BTreeMap, ffi::OsString};

use clap::{Arg, ArgAction, ArgMatches, Command};
use ligato_infra::config::{ConfigDir, Sources, Strictness};

use crate::conf;

/// What the program is asked to do.
#[derive(Debug)]
pub(crate) enum Task {
    /// Run the agent.
    Run(Sources),
    /// Show the configuration that would be used.
    PrintConfig(Sources),
    /// Say whether the configuration can be used.
    CheckConfig(Sources),
    /// Print the reference of the configuration.
    ConfigReference,
    /// Print the page of kinds.
    KindsReference,
    /// Print the page of fields.
    FieldsReference,
    /// Print the page of VPP messages.
    MessagesReference,
    /// Print both tables by release as data.
    MatrixData,
    /// Print the version.
    Version,
    /// Print everything about the version.
    FullVersion,
}

/// Flags that are no keys.
const SWITCHES: [(&str, &str); 10] = [
    ("print-config", "Show the configuration that would be used, with the origin of each value"),
    ("check-config", "Say whether the configuration can be used"),
    ("config-reference", "Print the reference of all configuration files"),
    ("kinds-reference", "Print what each kind of value is, owns and uses"),
    ("fields-reference", "Print how each field of each kind of VPP fares on which release"),
    ("messages-reference", "Print which release of VPP has which message"),
    (
        "matrix-data",
        "Print which release of VPP has which message, and which kind works there, as JSON",
    ),
    ("lenient-config", "Warn about unknown keys instead of refusing them"),
    ("short-version", "Print the version"),
    ("version", "Print version, revision, builder and date"),
];

/// Reads the command line; wrong ones end in clap's error.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString>,
    env: BTreeMap<String, String>,
) -> Result<Task, clap::Error> {
    let known: Vec<String> = flags().collect();
    let normal = arguments.into_iter().map(|argument| two_dashes(argument, &known));
    let matches = command().try_get_matches_from(normal)?;
    let asked = |name: &str| matches.get_flag(name);
    if asked("short-version") {
        return Ok(Task::Version);
    }
    if asked("version") {
        return Ok(Task::FullVersion);
    }
    if asked("config-reference") {
        return Ok(Task::ConfigReference);
    }
    if asked("kinds-reference") {
        return Ok(Task::KindsReference);
    }
    if asked("fields-reference") {
        return Ok(Task::FieldsReference);
    }
    if asked("messages-reference") {
        return Ok(Task::MessagesReference);
    }
    if asked("matrix-data") {
        return Ok(Task::MatrixData);
    }
    let sources = sources(&matches, env);
    Ok(if asked("print-config") {
        Task::PrintConfig(sources)
    } else if asked("check-config") {
        Task::CheckConfig(sources)
    } else {
        Task::Run(sources)
    })
}

fn sources(matches: &ArgMatches, env: BTreeMap<String, String>) -> Sources {
    let given = |name: &str| matches.get_one::<String>(name).cloned();
    let dir = given("config-dir").or_else(|| env.get("CONFIG_DIR").cloned());
    let flags = flags().filter_map(|name| given(&name).map(|value| (name, value))).collect();
    let lenient = matches.get_flag("lenient-config") || env.contains_key("LENIENT_CONFIG");
    Sources {
        dir: match dir {
            Some(dir) if !dir.is_empty() => ConfigDir::Given(dir.into()),
            _ => ConfigDir::Default,
        },
        env,
        flags,
        strictness: if lenient { Strictness::Lenient } else { Strictness::Strict },
    }
}

/// The flags that take a value, without those of the program itself.
fn flags() -> impl Iterator<Item = String> {
    let keys = conf::sections().into_iter().flat_map(|section| {
        section.fields.into_iter().flat_map(|field| {
            let file = (field.kind == "secret").then(|| format!("{}-file", field.flag));
            std::iter::once(field.flag).chain(file)
        })
    });
    keys.chain(conf::other_flags())
}

fn command() -> Command {
    let mut command = Command::new("vpp-agent")
        .about("Programs VPP and the Linux network stack from a declarative configuration")
        .disable_version_flag(true)
        .after_help("Every key of every configuration file is a flag too; --help lists them all.")
        .arg(
            Arg::new("config-dir")
                .long("config-dir")
                .value_name("DIR")
                .help("Directory of the configuration files [env: CONFIG_DIR] [default: .]"),
        );
    for (name, help) in SWITCHES {
        let arg = Arg::new(name).long(name).help(help).action(ArgAction::SetTrue);
        command = command.arg(if name == "short-version" { arg.short('V') } else { arg });
    }
    for section in conf::sections() {
        let heading = format!("Keys of {}", section.file);
        for field in section.fields {
            let secret = field.kind == "secret";
            let help = format!(
                "{} [env: {}]",
                field.doc.split_whitespace().collect::<Vec<_>>().join(" "),
                field.env.join(", ")
            );
            if secret {
                command = command.arg(value_arg(&format!("{}-file", field.flag)).hide(true));
            }
            // The few that concern the program as a whole are in the short help, the rest only in the long one.
            let arg = value_arg(&field.flag).help(help).help_heading(heading.clone());
            command = command.arg(arg.hide_short_help(section.name != "agent"));
        }
    }
    conf::other_flags().fold(command, |command, name| command.arg(value_arg(&name).hide(true)))
}

fn value_arg(name: &str) -> Arg {
    Arg::new(name.to_owned())
        .long(name.to_owned())
        .value_name("VALUE")
        .allow_hyphen_values(true)
        .overrides_with(name.to_owned())
}

/// `-config-dir` becomes `--config-dir`, as the original accepts both.
fn two_dashes(argument: OsString, known: &[String]) -> OsString {
    let Some(text) = argument.to_str() else { return argument };
    let Some(rest) = text.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else {
        return argument;
    };
    let name = rest.split('=').next().unwrap_or_default();
    let switch = SWITCHES.iter().any(|(switch, _)| *switch == name) || name == "config-dir";
    if switch || known.iter().any(|flag| flag == name) {
        format!("-{text}").into()
    } else {
        argument
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(arguments: &[&str]) -> Sources {
        let arguments = ["vpp-agent"].iter().chain(arguments).map(OsString::from);
        match parse(arguments, BTreeMap::new()).unwrap() {
            Task::Run(sources) => sources,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_dash_or_two() {
        let sources = run(&[
            "-config-dir=/etc/a",
            "-http-port",
            "80",
            "--etcd-dial-timeout=3s",
            "-etcd-config=",
        ]);
        assert_eq!(sources.dir, ConfigDir::Given("/etc/a".into()));
        let expected = [("etcd-config", ""), ("etcd-dial-timeout", "3s"), ("http-port", "80")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(sources.flags, BTreeMap::from(expected));
    }

    #[test]
    fn flags_of_the_original_are_accepted() {
        let sources = run(&["-restpapi-config=x", "-vpp-wg-plugin-config=y", "-grpc-port=9111"]);
        assert_eq!(sources.flags.len(), 3);
        let unknown = ["vpp-agent", "-nonsense=1"].map(OsString::from);
        assert!(parse(unknown, BTreeMap::new()).is_err());
    }

    #[test]
    fn the_last_one_wins() {
        let sources = run(&["--microservice-label=a", "-microservice-label", "b"]);
        assert_eq!(sources.flags["microservice-label"], "b");
    }

    #[test]
    fn versions() {
        let task =
            |argument: &str| parse(["vpp-agent", argument].map(OsString::from), BTreeMap::new());
        assert!(matches!(task("-V"), Ok(Task::Version)));
        assert!(matches!(task("-version"), Ok(Task::FullVersion)));
        assert!(matches!(task("--print-config"), Ok(Task::PrintConfig(_))));
    }

    #[test]
    fn the_command_is_well_formed() {
        command().debug_assert();
    }
}
