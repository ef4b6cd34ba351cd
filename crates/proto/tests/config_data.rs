//! A `Config` message and the values in it.

use ligato_model::Value;
use ligato_proto::configurator::Config;
use ligato_proto::{linux, netalloc, registry, vpp};

fn config() -> Config {
    Config {
        vpp_config: Some(vpp::ConfigData {
            interfaces: vec![
                vpp::interfaces::Interface { name: "a".into(), ..Default::default() },
                vpp::interfaces::Interface { name: "b".into(), ..Default::default() },
            ],
            nat44_global: Some(vpp::nat::Nat44Global { forwarding: true, ..Default::default() }),
            wg_peers: vec![vpp::wireguard::Peer { wg_if_name: "w".into(), ..Default::default() }],
            ..Default::default()
        }),
        linux_config: Some(linux::ConfigData {
            routes: vec![linux::l3::Route { outgoing_interface: "l".into(), ..Default::default() }],
            ..Default::default()
        }),
        netalloc_config: Some(netalloc::ConfigData::default()),
    }
}

#[test]
fn every_message_is_a_value_and_goes_back_to_its_place() {
    let values = config().values().unwrap();
    let registry = registry();
    let keys: Vec<_> = values.iter().map(|value| registry.key_of(value).unwrap()).collect();
    assert_eq!(
        keys,
        [
            "config/vpp/v2/interfaces/a",
            "config/vpp/v2/interfaces/b",
            "config/vpp/nat/v2/nat44-global",
            "config/vpp/wg/v1/peer/w/endpoint/0",
            "config/linux/l3/v2/route/<invalid>/0/l",
        ]
    );
    assert_eq!(Config::from_values(&values).unwrap(), config());
}

#[test]
fn all_groups_are_there_and_kinds_without_a_field_are_left_out() {
    let rule = Value::new(vpp::stn::Rule::default());
    let config = Config::from_values([&rule]).unwrap();
    assert_eq!(config.vpp_config, Some(vpp::ConfigData::default()));
    assert_eq!(config.linux_config, Some(linux::ConfigData::default()));
    assert_eq!(config.netalloc_config, Some(netalloc::ConfigData::default()));
}

#[test]
fn an_empty_singleton_is_a_value() {
    let config = Config {
        vpp_config: Some(vpp::ConfigData {
            dns_cache: Some(vpp::dns::DnsCache::default()),
            ..Default::default()
        }),
        ..Default::default()
    };
    assert_eq!(config.values().unwrap(), [Value::new(vpp::dns::DnsCache::default())]);
    assert_eq!(Config::default().values().unwrap(), []);
}
