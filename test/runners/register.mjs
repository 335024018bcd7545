// tsx's own loader registers in the main thread alone.
import { register } from 'tsx/esm/api'
register()
