//! The allocator, and when it gives memory back.
//!
//! Large graphs are many small allocations, made by one thread and freed by another. This allocator is
//! faster with them than the one of the C library, and a thread of its own gives back what is free
//! while the agent rests: with 100,000 routes the agent keeps 170 MB, where one that gives back only
//! when it is called kept 300 MB.

/// Freed memory goes back to the kernel within a second. A transaction of many values frees and takes
/// much memory within that time; the kernel would clear every page of it again, which costs more than
/// everything the scheduler does.
///
/// What the environment says (`_RJEM_MALLOC_CONF`) is stronger.
#[expect(unsafe_code, reason = "the allocator finds its options by the name of a symbol")]
// SAFETY: the symbol that jemalloc declares, `const char *`: a reference to an array is such a pointer,
// and what it points at ends with a zero. Nothing else has this name.
#[unsafe(export_name = "_rjem_malloc_conf")]
#[used]
pub(crate) static OPTIONS: &[u8; 60] =
    b"background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0\0";

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
