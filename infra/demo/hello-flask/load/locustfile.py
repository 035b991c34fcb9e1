"""Visitors who read the page and think for a moment."""

from locust import FastHttpUser, constant, task


class Visitor(FastHttpUser):
    wait_time = constant(0.1)
    connection_timeout = 5.0
    network_timeout = 5.0

    @task
    def read(self):
        self.client.get("/")
