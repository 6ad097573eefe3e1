// A game server with Agones' official Node SDK, unchanged: the conformance flow, by gRPC.
// LEAVE_OUT names one call that it does not make.
const path = require("path");
const AgonesSDK = require(
  path.join(__dirname, "..", "node", "node_modules", "@google-cloud", "agones-sdk"),
);

const say = (text) => console.log(text);
const leaves = (call) => process.env.LEAVE_OUT === call;

class Expected extends Error {}

async function refused(promise, words) {
  try {
    await promise;
  } catch (error) {
    if (!String(error).includes(words)) throw new Error(`${error} does not say ${words}`);
    return;
  }
  throw new Expected(`was not refused: ${words}`);
}

function same(found, wanted) {
  if (JSON.stringify(found) !== JSON.stringify(wanted)) {
    throw new Error(`${JSON.stringify(found)} is not ${JSON.stringify(wanted)}`);
  }
}

async function main() {
  const sdk = new AgonesSDK();
  await sdk.connect();
  say(`AGENT_URL=${process.env.AGENT_URL}`);
  const waiting = [];
  let now = "";
  sdk.watchGameServer(
    (server) => {
      const state = server.status.state;
      if (state === now) return;
      now = state;
      say(`watch ${state}`);
      for (const each of waiting) each();
      if (state === "Shutdown") {
        sdk.close();
        say("bye");
        process.exit(0);
      }
    },
    () => {},
  );
  const state = (wanted) =>
    new Promise((resolve) => {
      const look = () => now === wanted && resolve();
      waiting.push(look);
      look();
    });
  await state("Scheduled");
  await sdk.ready();
  await state("Ready");
  const server = await sdk.getGameServer();
  const created = String(server.objectMeta.creationTimestamp);
  await sdk.setLabel("creation", created);
  if (!leaves("setannotation")) await sdk.setAnnotation("uid", server.objectMeta.uid);
  for (let ping = 0; ping < 3; ping += 1) sdk.health();
  const told = await sdk.getGameServer();
  const labels = new Map(told.objectMeta.labelsMap);
  same(labels.get("agones.dev/sdk-creation"), created);
  same(server.status.portsList, [{ name: "gameport", port: Number(process.env.ARBITRIUM_PORT_GAMEPORT_EXTERNAL) }]);
  await sdk.reserve(1);
  await state("Reserved");
  await state("Ready");
  await sdk.allocate();
  await state("Allocated");
  same(await sdk.beta.getCounterCount("rooms"), 0);
  same(await sdk.beta.setCounterCapacity("rooms", 10) !== false, true);
  await sdk.beta.incrementCounter("rooms", 1);
  await sdk.beta.decrementCounter("rooms", 1);
  await sdk.beta.setCounterCount("rooms", 3);
  same(await sdk.beta.getCounterCount("rooms"), 3);
  await refused(sdk.beta.setCounterCount("rooms", 500), "out of range");
  await refused(sdk.beta.getCounterCount("sheep"), "Counter not found");
  await sdk.beta.setListCapacity("players", 5);
  await sdk.beta.appendListValue("players", "ann");
  await refused(sdk.beta.appendListValue("players", "ann"), "already exists");
  await sdk.beta.appendListValue("players", "bob");
  same(await sdk.beta.getListValues("players"), ["ann", "bob"]);
  await sdk.beta.deleteListValue("players", "bob");
  await refused(sdk.beta.deleteListValue("players", "zzz"), "not found");
  same(await sdk.alpha.getConnectedPlayers(), ["ann"]);
  await sdk.alpha.playerConnect("cid");
  same(await sdk.alpha.isPlayerConnected("cid"), true);
  same(await sdk.alpha.playerDisconnect("cid"), true);
  say("played");
  await sdk.shutdown();
  setTimeout(() => {}, 60000);
}

main().catch((error) => {
  say(`cannot: ${error.stack}`);
  process.exit(7);
});
