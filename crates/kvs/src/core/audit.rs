//! Whether everything that is kept twice fits together.

use crate::core::{Core, Effect, Token};

impl Core {
    /// Answers what does not fit together between two transactions.
    pub(crate) fn answer_audit(&mut self, token: Token) {
        self.graph.settle();
        let mut wrong = self.graph.audit();
        wrong.extend(self.graph.audit_published(&self.published));
        self.audit_owners(&mut wrong);
        self.audit_retries(&mut wrong);
        self.effects.push_back(Effect::Audited { token, wrong });
    }

    fn audit_owners(&self, wrong: &mut Vec<String>) {
        for id in self.graph.in_order() {
            let node = self.graph.node(id);
            if node.descriptor != self.catalog.owner(&node.key) {
                wrong.push(format!("{} has another descriptor than its key says", node.key));
            }
        }
    }

    /// A retry that is shown must come.
    fn audit_retries(&self, wrong: &mut Vec<String>) {
        for id in self.graph.in_order() {
            let node = self.graph.node(id);
            let Some(retry) = node.problem.as_ref().and_then(|p| p.retry) else { continue };
            let base = &self.graph.node(self.base_of(id)).key;
            let comes = self.queue.iter().any(|request| request.is_retry_of(base))
                || self.retries.contains(retry.due, retry.attempt, base);
            if !comes {
                let (key, attempt) = (&node.key, retry.attempt);
                wrong.push(format!("{key} is to be tried again (attempt {attempt}), and never is"));
            }
        }
    }
}
