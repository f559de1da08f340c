"""An agent written from the documents alone. Arguments: HOST:PORT TOKEN NAME SITE."""
import base64, json, os, socket, struct, sys, threading, time

address, token, name, site = sys.argv[1:]
host, port = address.rsplit(":", 1)
stream = socket.create_connection((host, int(port)))
reader, talking = stream.makefile("rb"), threading.Lock()
key = base64.b64encode(os.urandom(16)).decode()
stream.sendall((f"GET /ws/agent HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nAuthorization: Bearer {token}\r\n\r\n").encode())
while reader.readline().strip():
    pass

def frame(opcode, data):
    mask, size = os.urandom(4), len(data)
    head = bytes([0x80 | opcode, 0x80 | size]) if size < 126 else struct.pack(">BBH", 0x80 | opcode, 0xFE, size)
    with talking:
        stream.sendall(head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(data)))

def say(kind, **payload):
    frame(1, json.dumps({"type": kind, "payload": payload}).encode())

def hear():
    while True:
        first, size = reader.read(2)
        size = struct.unpack(">H", reader.read(2))[0] if size == 126 else size
        data = reader.read(size)
        if first & 15 == 9:
            frame(10, data)
        elif first & 15 == 8:
            sys.exit("the server closed the link")
        elif first & 15 == 1:
            return json.loads(data)

def live(seconds):
    while True:
        say("HEARTBEAT", agent_id=name, status="ONLINE", cpu=12.5, ram=25)
        say("TELEMETRY", agent_id=name, cpu_usage=12.5, memory_usage={"total": 4000, "used": 1000},
            disk_usage={"/": {"total": 100, "used": 30}}, load_average=[0.5, 0.25, 0.125], container_count=0)
        time.sleep(seconds)

say("HELLO", agent_id=name, site=site, version="1.0.0", capabilities=["create_user"])
welcome = hear()
threading.Thread(target=live, args=(welcome["payload"]["heartbeat_interval_s"],), daemon=True).start()
while True:
    message = hear()
    if message["type"] == "COMMAND":
        command = message["payload"]
        say("COMMAND_RESULT", command_id=command["id"], status="success",
            result={"created": command["args"]["username"]}, error_message=None)
