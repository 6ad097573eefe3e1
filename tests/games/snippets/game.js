// What a Node game server says to the agent; Node 18 or later, no package is needed.
const AGENT = process.env.AGENT_URL;

// Call the agent; a call that was cut off may always be made again.
async function call(method, path, body) {
  for (;;) {
    let answer;
    try {
      answer = await fetch(AGENT + path, { method, body: body && JSON.stringify(body) });
    } catch {
      await new Promise((again) => setTimeout(again, 200));
      continue;
    }
    if (!answer.ok) throw new Error(await answer.text()); // it names the field and the fix
    return answer.json();
  }
}

// Return as soon as the server has to go.
async function waitForStop() {
  for (let revision = 0; ; ) {
    const status = await call("GET", `/v1/status?after=${revision}&wait=20`);
    if (status.phase === "stopping" || status.phase === "stopped") return status.stop;
    revision = status.revision;
  }
}

async function main() {
  await call("POST", "/v1/ready"); // when the map is loaded
  await call("PUT", "/v1/players", { ids: ["ann", "bob"], capacity: 16 }); // at each join, leave
  const stop = await waitForStop();
  console.log(`saving the world: ${stop.reason}, ${stop.seconds_left} s left`);
  process.exit(0);
}

main();
