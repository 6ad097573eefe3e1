"""Takes memory until the kernel ends it."""

print("up", flush=True)
taken = []
while True:
    taken.append(b"x" * (1 << 20))
