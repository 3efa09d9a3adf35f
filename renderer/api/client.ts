/** The core, as typed calls: `await api.datasets.list()`. Every failure is a StudioError. */
import { createORPCClient } from '@orpc/client'
import type { ContractRouterClient } from '@orpc/contract'
import type { Contract } from '@shared/contract'
import { StudioLink } from './link'

export type StudioClient = ContractRouterClient<Contract>

export const api: StudioClient = createORPCClient(new StudioLink())
