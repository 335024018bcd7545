import { dagster, dagsterMultiprocess } from './dagster/peer.ts'
import { dbos } from './dbos/peer.ts'
import { dvc } from './dvc/peer.ts'
import { flyte } from './flyte/peer.ts'
import { flytekit } from './flytekit/peer.ts'
import { kedro } from './kedro/peer.ts'
import { kfp } from './kfp/peer.ts'
import { metaflow } from './metaflow/peer.ts'
import type { Peer } from './peer.ts'
import { pipewright } from './pipewright/peer.ts'
import { prefect } from './prefect/peer.ts'
import { zenml } from './zenml/peer.ts'

export const peers: readonly Peer[] = [
  pipewright,
  dbos,
  flyte,
  flytekit,
  kedro,
  prefect,
  dagster,
  dagsterMultiprocess,
  kfp,
  zenml,
  dvc,
  metaflow,
]
