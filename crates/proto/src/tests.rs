//! The registry is complete and consistent.

use ligato_model::Spec;

#[test]
fn all_models_are_registered() {
    let registry = crate::registry();
    assert_eq!(registry.len(), 45);
    assert_eq!(registry.iter().filter(|model| model.spec.class == Spec::METRICS).count(), 1);
}
