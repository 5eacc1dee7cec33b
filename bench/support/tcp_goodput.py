"""What TCP itself carries over a link, in both directions at once: the most of one stream, of two and of four.

usage: tcp_goodput.py serve            on one side, until it is ended
       tcp_goodput.py measure ADDRESS  on the other: prints bit/s of the slower direction, and seconds of a round trip
"""
import socket
import sys
import threading
import time

PORT = 7113
WARM_SECONDS, MEASURED_SECONDS = 1.5, 2.0
BLOCK = bytes(1 << 20)


def send(peer):
    try:
        while True:
            peer.sendall(BLOCK)
    except OSError:
        pass


def receive(peer, counts):
    """Adds up what arrives in the measured time, once slow start is over."""
    buffer = bytearray(1 << 20)
    begin, count = time.monotonic() + WARM_SECONDS, 0
    while time.monotonic() < begin + MEASURED_SECONDS:
        got = peer.recv_into(buffer)
        count += got if time.monotonic() >= begin else 0
    counts.append(count)


def serve():
    with socket.create_server(("", PORT), backlog=16) as server:
        while True:
            threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()


def answer(peer):
    """An r asks for an r back; a t for a transfer both ways, and for what arrived."""
    with peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (wish := peer.recv(1)) == b"r":
            peer.sendall(b"r")
        if wish != b"t":
            return
        counts = []
        threading.Thread(target=send, args=(peer,), daemon=True).start()
        receive(peer, counts)
        with socket.create_connection((peer.getpeername()[0], PORT + 1)) as report:
            report.sendall(b"%d" % counts[0])
        peer.shutdown(socket.SHUT_RDWR)


def round_trip_seconds(address):
    with socket.create_connection((address, PORT)) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        seconds = []
        for _ in range(5):
            start = time.monotonic()
            peer.sendall(b"r")
            peer.recv(1)
            seconds.append(time.monotonic() - start)
        peer.shutdown(socket.SHUT_RDWR)
    return min(seconds)


def goodput(address, streams):
    counts, reported = [], []
    with socket.create_server(("", PORT + 1), backlog=16) as reports:
        peers = [socket.create_connection((address, PORT)) for _ in range(streams)]
        threads = []
        for peer in peers:
            peer.sendall(b"t")
            threading.Thread(target=send, args=(peer,), daemon=True).start()
            threads.append(threading.Thread(target=receive, args=(peer, counts)))
            threads[-1].start()
        for _ in peers:
            with reports.accept()[0] as report:
                reported.append(int(report.recv(64)))
        for thread in threads:
            thread.join()
    return 8 * min(sum(counts), sum(reported)) / MEASURED_SECONDS


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    address = sys.argv[2]
    trip = round_trip_seconds(address)
    print(max(goodput(address, streams) for streams in (1, 2, 4)), trip)
