import type { Env } from "../../env.ts";
import type { Admission } from "./admission.ts";
import { Committer, type CommitterPorts } from "./committer.ts";
import type { Agenda } from "./due.ts";
import { Duties, type DutyPorts, type PeerIndex } from "./duties.ts";
import { type DeliverEvents, EventDelivery } from "./events.ts";
import type { IndexAddress } from "./protocol.ts";
import { type OpenDestination, Replication, type ReplicationPorts } from "./replication.ts";
import { readExportInterval } from "./settings.ts";
import { indexStub } from "./shards.ts";

/** What an index object has once its bucket exists. */
export interface Life {
  readonly committer: Committer;
  readonly duties: Duties;
  readonly events: EventDelivery;
  readonly replication: Replication;
}

/** Where what happens in an index goes, by those who know more than it does. */
export interface Outlets {
  readonly deliverEvents: DeliverEvents;
  readonly openDestination: OpenDestination;
}

export interface LifePorts {
  readonly storage: DurableObjectStorage;
  readonly env: Env;
  readonly agenda: Agenda;
  readonly admission: Admission;
  readonly outlets: Outlets;
  readonly sent: CommitterPorts["sent"];
  readonly pin: ReplicationPorts["pin"];
  readonly defer: DutyPorts["defer"];
}

/** Puts together what changes the index and what it does by itself. */
export function createLife({ storage, env, agenda, admission, outlets, sent, pin, defer }: LifePorts): Life {
  const { config, shard: position } = admission.knownState;
  const self = { bucketId: config.bucketId, shard: position };
  const currentConfig = () => admission.knownState.config;
  const committer = new Committer({
    storage,
    self,
    agenda,
    exportInterval: readExportInterval(env),
    config: currentConfig,
    sent,
  });
  const peer = ({ bucketId, shard }: IndexAddress) => indexStub(env, bucketId, shard) as unknown as PeerIndex;
  const events = new EventDelivery({
    sql: storage.sql,
    self,
    config: currentConfig,
    deliver: outlets.deliverEvents,
    schedule: (at) => agenda.schedule("events", at),
  });
  const replication = new Replication({
    sql: storage.sql,
    self,
    config: currentConfig,
    committer,
    open: outlets.openDestination,
    pin,
    peer,
    schedule: (at) => agenda.schedule("replication", at),
  });
  const duties = new Duties({ storage, env, self, agenda, admission, committer, events, replication, defer, peer });
  return { committer, duties, events, replication };
}
