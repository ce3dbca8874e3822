"""What the doctor knows of each part: findings, and how to mend them."""
