//! How long a small call takes over a Unix socket, against a bare echo of the same bytes.
//!
//! Prints three floors and the call: a bare echo answered by a blocking thread, a bare echo answered by a task, and
//! the call through the blocking client and the server's driver. Run with `--release`.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use mainstay_rpc::association::server::Call;
use mainstay_rpc::oracle::INTERFACE;
use mainstay_rpc::{
    BlockingClient, ConnectOptions, Interface, PeerCredentials, Refusal, Reply, Server, ServerLimits,
    SyntaxId,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixListener;

/// Bytes of arguments, and of results.
const STUB_BYTES: usize = 40;

/// The same with the header of a request: what a bare echo has to carry to carry as much.
const PDU_BYTES: usize = STUB_BYTES + 24;

const CALLS: usize = 50_000;

struct Echo;

impl Interface for Echo {
    type Connection = ();

    fn syntax(&self) -> SyntaxId {
        INTERFACE
    }

    fn connected(&self, _peer: &PeerCredentials) -> Result<(), Refusal> {
        Ok(())
    }

    fn call(&self, _connection: &Arc<()>, call: Call, reply: Reply) {
        reply.answer(&call.stub);
    }

    fn disconnected(&self, _connection: &Arc<()>) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;

    let (thread_path, task_path) = (directory.path().join("thread"), directory.path().join("task"));
    let listener = std::os::unix::net::UnixListener::bind(&thread_path)?;
    thread::spawn(move || echo_in_thread(&listener));
    let rpc_path = directory.path().join("rpc");
    {
        let _inside = runtime.enter();
        runtime.spawn(echo_in_task(UnixListener::bind(&task_path)?));
        let listener = UnixListener::bind(&rpc_path)?;
        runtime.spawn(async move {
            Server::new(Arc::new(Echo), ServerLimits::default()).serve(listener, std::future::pending()).await
        });
    }

    let by_thread = bare(&thread_path)?;
    report("bare echo, blocking thread", by_thread, by_thread);
    report("bare echo, task", bare(&task_path)?, by_thread);
    report("call, no timeout", call(&rpc_path, None)?, by_thread);
    report("call, timeout of 60 s", call(&rpc_path, Some(Duration::from_secs(60)))?, by_thread);
    runtime.shutdown_background();
    Ok(())
}

fn echo_in_thread(listener: &std::os::unix::net::UnixListener) -> io::Result<()> {
    let (mut stream, _) = listener.accept()?;
    let mut buffer = [0; PDU_BYTES];
    loop {
        stream.read_exact(&mut buffer)?;
        stream.write_all(&buffer)?;
    }
}

async fn echo_in_task(listener: UnixListener) -> io::Result<()> {
    let (mut stream, _) = listener.accept().await?;
    let mut buffer = [0; PDU_BYTES];
    loop {
        stream.read_exact(&mut buffer).await?;
        stream.write_all(&buffer).await?;
    }
}

fn bare(path: &Path) -> io::Result<[Duration; 2]> {
    let mut stream = UnixStream::connect(path)?;
    let mut buffer = [0; PDU_BYTES];
    measure(|| {
        stream.write_all(&buffer)?;
        stream.read_exact(&mut buffer)
    })
}

fn call(path: &Path, answer_within: Option<Duration>) -> Result<[Duration; 2], Box<dyn std::error::Error>> {
    let options = ConnectOptions { answer_within, ..ConnectOptions::default() };
    let mut client = BlockingClient::open(path, INTERFACE, &options)?;
    Ok(measure(|| client.call(0, &[0; STUB_BYTES]).map(drop).map_err(io::Error::other))?)
}

/// The median and the 99th percentile.
fn measure(mut once: impl FnMut() -> io::Result<()>) -> io::Result<[Duration; 2]> {
    for _ in 0..CALLS / 10 {
        once()?;
    }
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let begin = Instant::now();
        once()?;
        times.push(begin.elapsed());
    }
    times.sort_unstable();
    Ok([times[CALLS / 2], times[CALLS * 99 / 100]])
}

fn report(what: &str, [median, high]: [Duration; 2], floor: [Duration; 2]) {
    let ratio = median.as_secs_f64() / floor[0].as_secs_f64();
    println!("{what:28} p50 {median:>10.2?}  p99 {high:>10.2?}  p50 / floor {ratio:.2}");
}
