//! `cargo xtask new-kind PLUGIN NAME`: the files of a new kind.
//!
//! Three new files (message, descriptor, scenario) and two lines in the plugin's `lib.rs`. What is
//! made compiles and passes its test; then it is filled with what the kind really does.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};

use crate::run::{root, say};

/// What to make.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The plugin, by its folder under `crates`, e.g. `vpp-l2`.
    plugin: String,
    /// Name of the kind in kebab case, e.g. `mac-limit`.
    name: String,
    /// Workspace to work in; this one if not given.
    #[arg(long, hide = true)]
    workspace: Option<PathBuf>,
}

/// Names of one kind in the spellings that the files need.
struct Names {
    /// `vpp-l2`
    plugin: String,
    /// `l2`
    area: String,
    /// `mac-limit`
    kebab: String,
    /// `mac_limit`
    snake: String,
    /// `MacLimit`
    camel: String,
}

/// Makes the files and the two lines.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = args.workspace.clone().map_or_else(root, Ok)?;
    let names = Names::new(&args.plugin, &args.name)?;
    let plugin = root.join("crates").join(&names.plugin);
    let library = plugin.join("src/lib.rs");
    let text = fs::read_to_string(&library)
        .with_context(|| format!("{} is not a plugin", plugin.display()))?;
    let text = add_lines(&text, &names)?;
    let proto = root.join("api/proto/ligato/vpp").join(&names.area);
    ensure!(proto.is_dir(), "{} is not there: only VPP plugins so far", proto.display());
    write_new(&proto.join(format!("{}.proto", names.snake)), &message(&names))?;
    write_new(&plugin.join(format!("src/{}.rs", names.snake)), &descriptor(&names))?;
    let scenario = plugin.join("tests/scenarios").join(&names.snake);
    write_new(&scenario.with_extension("yaml"), &scenario_input(&names))?;
    write_new(&scenario.with_extension("txt"), &scenario_story(&names))?;
    fs::write(&library, text)?;
    say(&format!("added two lines to {}", library.display()));
    say("then give its fields a row in crates/vpp-agent/tests/whole/field_rows.rs");
    say(&format!("try it: cargo test -p ligato-{} --test scenarios", names.plugin));
    Ok(())
}

impl Names {
    fn new(plugin: &str, kebab: &str) -> Result<Self> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        ensure!(
            !kebab.is_empty()
                && kebab.chars().all(good)
                && kebab.starts_with(|c: char| c.is_ascii_lowercase()),
            "{kebab:?} is not a name in kebab case"
        );
        let area = plugin
            .strip_prefix("vpp-")
            .with_context(|| format!("{plugin} is not a VPP plugin: only those so far"))?;
        let capital = |word: &str| {
            let mut letters = word.chars();
            letters.next().map_or_else(String::new, |c| c.to_uppercase().chain(letters).collect())
        };
        Ok(Self {
            plugin: plugin.to_owned(),
            area: if area == "if" { "interfaces".to_owned() } else { area.to_owned() },
            kebab: kebab.to_owned(),
            snake: kebab.replace('-', "_"),
            camel: kebab.split('-').map(capital).collect(),
        })
    }
}

/// The module, and its place in the list of descriptors.
fn add_lines(library: &str, names: &Names) -> Result<String> {
    let module = format!("pub mod {};", names.snake);
    if library.contains(&module) {
        bail!("{} is there already", names.kebab);
    }
    let last_module = library
        .lines()
        .rfind(|line| line.starts_with("pub mod ") || line.starts_with("mod "))
        .context("lib.rs has no modules")?;
    let last_kind = library
        .lines()
        .rfind(|line| line.trim_start().starts_with("erase::<"))
        .context("lib.rs has no list of descriptors")?;
    let argument = last_kind
        .split_once(">(")
        .and_then(|(_, rest)| rest.rsplit_once("),"))
        .map_or("vpp.clone()", |(argument, _)| argument);
    let kind = format!("        erase::<{}::{}Kind>({argument}),", names.snake, names.camel);
    Ok(library
        .replace(last_module, &format!("{last_module}\n{module}"))
        .replace(last_kind, &format!("{last_kind}\n{kind}")))
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    ensure!(!path.exists(), "{} is there already", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text).with_context(|| path.display().to_string())?;
    say(&format!("made {}", path.display()));
    Ok(())
}

fn message(names: &Names) -> String {
    let Names { area, kebab, camel, .. } = names;
    let module =
        if area == "l3" || area == "interfaces" { "vpp".into() } else { format!("vpp.{area}") };
    format!(
        r#"// What a {kebab} is.

syntax = "proto3";

package ligato.vpp.{area};

option go_package = "go.ligato.io/vpp-agent/v3/proto/ligato/vpp/{area};vpp_{area}";

import "ligato/generic/options.proto";

// One {kebab}.
message {camel} {{
  option (ligato.generic.model) = {{module: "{module}", version: "v2", type: "{kebab}"}};
  option (ligato.generic.model_name_template) = '{{{{.Interface}}}}';

  // Logical name of the interface it is on. Must be set.
  string interface = 1;
}}
"#
    )
}

fn scenario_input(names: &Names) -> String {
    format!(
        "vppConfig:\n  {0}_list:\n    - {{interface: a}}\n---\nvppConfig:\n  interfaces:\n    \
         - {{name: a, type: SOFTWARE_LOOPBACK, enabled: true}}\n  {0}_list:\n    \
         - {{interface: a}}\n",
        names.camel
    )
}

fn scenario_story(names: &Names) -> String {
    let key = names.key("a");
    let interface = "config/vpp/v2/interfaces/a";
    let mut states = [key.as_str(), interface].map(|key| format!("  is CONFIGURED {key}\n"));
    states.sort();
    let told = r#"{"name":"a","type":"SOFTWARE_LOOPBACK","enabled":true,"phys_address":"de:ad:00:00:00:00","mtu":9000}"#;
    format!(
        "step 1\n  is PENDING {key} interface-exists\n\
         step 2\n  CREATE {interface}\n  CREATE {key}\n{}  VPP has {interface} {told}\n\
         restarted: CREATE {key}, it cannot be read back\nremoved: nothing left\n",
        states.concat()
    )
}

impl Names {
    fn key_prefix(&self) -> String {
        let area = match self.area.as_str() {
            "l3" | "interfaces" => String::new(),
            area => format!("{area}/"),
        };
        format!("config/vpp/{area}v2/{}/", self.kebab)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.key_prefix())
    }
}

fn descriptor(names: &Names) -> String {
    let Names { plugin: _, area, kebab, camel, .. } = names;
    let prefix = names.key_prefix();
    TEMPLATE
        .replace("{kebab}", kebab)
        .replace("{camel}", camel)
        .replace("{area}", area)
        .replace("{prefix}", &prefix)
}

/// A kind that talks to VPP without changing anything: the shape to fill in.
const TEMPLATE: &str = r#"//! A {kebab}: say in one sentence what it is.
//!
//! ```yaml
//! vppConfig:
//!   {camel}_list:
//!   - interface: loop1
//! ```
//!
//! Waits for its interface. Derives nothing, keeps nothing.
//!
//! Uses `control_ping`; name the messages that it really needs.

use ligato_kvs_api::{Dependency, Descriptor, Invalid, KeyPattern, OpError, Spec, Use};
use ligato_model::{Key, Model};
use ligato_proto::vpp::{area}::{camel};
use ligato_proto::vpp::interfaces::Interface;
use ligato_vpp_api::msg::memclnt::ControlPing;
use ligato_vpp_ctx::{Facts, VppCtx};

/// The kind `vpp-{kebab}`.
#[derive(Debug)]
pub struct {camel}Kind;

impl Descriptor for {camel}Kind {
    type Value = {camel};
    type Meta = ();
    type Sb = VppCtx;

    const SPEC: Spec = Spec {
        // Until there is a `retrieve`, the scheduler relies on what it did itself.
        retrievable: false,
        uses: &[Use::kind(&["control_ping"])],
        // What VPP does not tell back, or takes on some releases only.
        fields: &[],
        ..Spec::new(
            "vpp-{kebab}",
            "Says in one sentence what it is.",
            &[KeyPattern::new("{prefix}{if}")],
            Some("{prefix}"),
        )
    };

    // === pure half ===

    fn validate(_facts: &Facts, _key: &Key, value: &{camel}) -> Result<(), Invalid> {
        if value.interface.is_empty() {
            return Err(Invalid::field("interface", "must not be empty"));
        }
        Ok(())
    }

    fn dependencies(_facts: &Facts, _key: &Key, value: &{camel}) -> Vec<Dependency> {
        vec![Dependency::on("interface-exists", Interface::key_of(&value.interface))]
    }

    // === effect half ===

    async fn create(sb: &VppCtx, _key: &Key, value: &{camel}) -> Result<(), OpError> {
        let {camel} { interface } = value;
        let _index = sb.sw_if_index(interface)?;
        sb.request(ControlPing {}).await?;
        Ok(())
    }

    async fn delete(sb: &VppCtx, _key: &Key, _value: &{camel}, _meta: &()) -> Result<(), OpError> {
        sb.request(ControlPing {}).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_needed() {
        let without = {camel}Kind::validate(&Facts::default(), &Key::from("x"), &{camel}::default());
        assert_eq!(without.unwrap_err().field_names(), ["interface"]);
    }
}
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_all_spellings() {
        let names = Names::new("vpp-l2", "mac-limit").unwrap();
        assert_eq!((names.snake.as_str(), names.camel.as_str()), ("mac_limit", "MacLimit"));
        assert_eq!(names.key("a"), "config/vpp/l2/v2/mac-limit/a");
        assert!(Names::new("vpp-l2", "Mac Limit").is_err());
        assert!(Names::new("linux-if", "x").is_err());
    }

    #[test]
    fn exactly_two_lines_are_added() {
        let library = "pub mod fib;\npub mod xconnect;\n\nfn descriptors() {\n    vec![\n        \
                       erase::<fib::FibKind>(vpp.clone()),\n        \
                       erase::<xconnect::XConnectKind>(vpp.clone()),\n    ]\n}\n";
        let names = Names::new("vpp-l2", "mac-limit").unwrap();
        let changed = add_lines(library, &names).unwrap();
        let added: Vec<&str> =
            changed.lines().filter(|line| !library.lines().any(|l| l == *line)).collect();
        assert_eq!(
            added,
            ["pub mod mac_limit;", "        erase::<mac_limit::MacLimitKind>(vpp.clone()),"]
        );
        assert!(add_lines(&changed, &names).is_err());
    }

    /// What `new-kind` makes compiles and passes, in a copy of the workspace.
    #[test]
    fn a_new_kind_compiles_and_passes() {
        let root = root().unwrap();
        let copy = root.join("target/new-kind");
        let _was_there = fs::remove_dir_all(copy.join("workspace"));
        copy_workspace(&root, &copy.join("workspace"));
        let args = Args {
            plugin: "vpp-l2".into(),
            name: "mac-limit".into(),
            workspace: Some(copy.join("workspace")),
        };
        run(&args).unwrap();
        let output = std::process::Command::new(env!("CARGO"))
            .current_dir(copy.join("workspace"))
            .env("CARGO_TARGET_DIR", copy.join("target"))
            .args(["test", "--package", "ligato-vpp-l2", "--lib", "--test", "scenarios"])
            .output()
            .unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("mac_limit::tests::an_interface_is_needed"), "{text}");
    }

    fn copy_workspace(from: &Path, to: &Path) {
        let mut git = std::process::Command::new("git");
        git.current_dir(from).args(["ls-files", "--cached", "--others", "--exclude-standard"]);
        for file in crate::run::output(&mut git).unwrap().lines() {
            let (source, target) = (from.join(file), to.join(file));
            if source.is_file() {
                fs::create_dir_all(target.parent().unwrap()).unwrap();
                fs::copy(source, target).unwrap();
            }
        }
    }
}
